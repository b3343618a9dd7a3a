/* Stacks, and the source lines around a place in them. */

/** A place, in a line. */
function placeCode(frame) {
	return frame ? h('code', {class: 'where', title: frame.function}, placeText(frame)) : '';
}

/** The lines around a frame's, with its own marked; or why they are not there. */
function excerpt(frame) {
	const source = frame.file && frame.line && data.sources[frame.file];
	const lines = source ? Object.keys(source.lines).map(Number).filter((n) => Math.abs(n - frame.line) <= 5) : [];

	if (!source)
		return null;
	if (!lines.includes(frame.line))
		return h('p', {class: 'faint small'},
			source.error ? `${short(frame.file)} can't be read: ${source.error}` :
			`${short(frame.file)} has no line ${frame.line}`);
	lines.sort((a, b) => a - b);
	return h('pre', {class: 'source', tabindex: '0',
		'aria-label': `${short(frame.file)} around line ${frame.line}`},
		lines.map((n) => h('span', {class: n === frame.line ? 'line marked' : 'line'},
			h('span', {class: 'gutter'}, `${n === frame.line ? '▸' : ' '}${String(n).padStart(5)} `),
			h('span', {class: 'code'}, dedent(source.lines, lines, n)), '\n')));
}

/** A line without what all lines are indented by. */
function dedent(texts, lines, n) {
	const filled = lines.filter((line) => texts[line].trim());
	const indent = Math.min(...filled.map((line) => /^\t*/.exec(texts[line])[0].length));

	return texts[n].slice(Number.isFinite(indent) ? indent : 0) || ' ';
}

function frameLine(frame, open) {
	const name = h('code', {class: 'function'}, frame.function || frame.address);
	const inlined = frame.inlined && h('span', {class: 'faint'}, ' inlined');
	const where = frame.file ? h('span', {class: 'where'}, placeText(frame)) : null;
	const source = frame.dmakit ? null : excerpt(frame);

	if (!source)
		return h('div', {class: 'frame plain'}, name, inlined, where);
	return h('details', {class: 'frame', open},
		h('summary', {}, name, inlined, where), source);
}

/** The driver's part of a stack: what is dmakit's own is folded. */
function stackView(label, stack) {
	const rows = [], own = (frame) => frame.dmakit || !frame.file;
	let shown = false;

	for (let i = 0; i < stack.length; i++) {
		let end = i;

		while (end < stack.length && own(stack[end]))
			end++;
		if (end > i && stack.some((frame) => !own(frame))) {
			rows.push(h('details', {class: 'frame folded'},
				h('summary', {}, `${count(end - i, 'frame')} of dmakit`),
				stack.slice(i, end).map((frame) => frameLine(frame, false))));
			i = end - 1;
			continue;
		}
		rows.push(frameLine(stack[i], !shown));
		shown = true;
	}
	return h('div', {class: 'stack'}, h('h4', {}, label),
		rows.length ? rows : h('p', {class: 'faint small'}, 'no stack is known'));
}

/** A finding's two; the second's word is "mapped", or "stored before". */
function bothStacks(finding) {
	const label = finding.mapped_label || 'mapped';

	return stacks(['where it went wrong', finding.where], [label.includes(' ') ? label : `where it was ${label}`, finding.mapped]);
}

/** Two stacks side by side; where one is empty the other has the room. */
function stacks(...pairs) {
	const known = pairs.filter(([, stack]) => stack && stack.length);

	return known.length ? h('div', {class: known.length > 1 ? 'stacks two' : 'stacks'},
		known.map(([label, stack]) => stackView(label, stack))) : null;
}
