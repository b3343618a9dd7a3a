'use strict';
/* A report's page. This file: elements. What a driver says only ever becomes text, never markup. */

/** An element of that name; attributes (a function is a listener, true an empty one); then children. */
function h(name, attributes, ...children) {
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes || {})) {
		if (typeof value === 'function')
			element.addEventListener(key, value);
		else if (value === true)
			element.setAttribute(key, '');
		else if (value !== false && value !== null && value !== undefined)
			element.setAttribute(key, value);
	}
	append(element, children);
	return element;
}

function append(element, children) {
	for (const child of children.flat(Infinity)) {
		if (child !== null && child !== undefined && child !== false && child !== '')
			element.append(child instanceof Node ? child : String(child));
	}
}

function fill(element, ...children) {
	element.replaceChildren();
	append(element, children);
}

/** "1 test", "2 tests"; thousands are set apart. */
function count(n, one, many) {
	return `${grouped(n)} ${n === 1 ? one : many || one + 's'}`;
}

function grouped(n) {
	return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function bytes(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let unit = 0;

	for (; n >= 1024 && unit + 1 < units.length; unit++)
		n /= 1024;
	return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)}\u00a0${units[unit]}`;
}

/** Nanoseconds as people say them; digits behind the point are for steps as small as @step. */
function duration(ns, step) {
	const sizes = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];
	const [size, name] = sizes.find(([least]) => Math.abs(ns) >= least) || sizes[3];
	const short = Math.abs(ns) < 10 * size ? 2 : 1;
	const digits = step ? Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9)) : short;

	return `${(ns / size).toFixed(size === 1 ? 0 : Math.min(digits, 9))}\u00a0${name}`;
}

/** A choice that calls back with its value. */
function choice(label, options, chosen, change) {
	const select = h('select', {'aria-label': label, change: () => change(select.value)},
		options.map(([value, text]) => h('option', {value, selected: value === chosen}, text)));

	return select;
}

function button(text, attributes, click) {
	return h('button', {type: 'button', ...attributes, click}, text);
}

/** A button that puts @text where it can be pasted from. */
function copier(text) {
	const made = button('Copy', {class: 'quiet', 'aria-label': 'Copy the command'}, async () => {
		try {
			await navigator.clipboard.writeText(text);
			made.textContent = 'Copied';
		} catch {
			made.textContent = 'Select it, and copy';
		}
		setTimeout(() => { made.textContent = 'Copy'; }, 2000);
	});

	return made;
}

function command(text) {
	return h('div', {class: 'command'}, h('code', {}, text), copier(text));
}

/** A table with a head; a cell may be an element. Numbers stand at the right; what is wide scrolls by itself. */
function table(caption, head, rows, attributes) {
	const right = head.map((_, i) => i > 0 && rows.length > 0 && rows.every((row) => row[i] === '' || numeric(row[i])));
	const cell = (content, i) => i ? h('td', {class: right[i] && 'number'}, content) : h('th', {scope: 'row'}, content);

	return h('div', {class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption},
		h('table', attributes || {},
			h('caption', {class: 'unseen'}, caption),
			h('thead', {}, h('tr', {}, head.map((name, i) => h('th', {scope: 'col', class: right[i] && 'number'}, name)))),
			h('tbody', {}, rows.map((row) => h('tr', {}, row.map(cell))))));
}

function numeric(cell) {
	return typeof cell === 'number' || (typeof cell === 'string' && /^[\d.,\u202f]+(\u00a0\S+)?$/.test(cell));
}

/** A section of the page with its heading. */
function section(id, title, ...children) {
	return h('section', {id, 'aria-labelledby': `${id}-title`}, h('h2', {id: `${id}-title`}, title), children);
}
