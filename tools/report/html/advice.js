/* Advice: what could be done with less. Tables that say what their columns are; this knows none of them. */

const ROWS = 12; /* of a table, at first */

function cellText(value, kind) {
	if (value === null || value === undefined)
		return h('span', {class: 'faint'}, '–');
	if (kind === 'bytes')
		return bytes(value);
	if (kind === 'seconds')
		return duration(value * 1e9);
	if (kind === 'count')
		return grouped(value);
	return String(value).length > 40 ? h('span', {class: 'long'}, value) : String(value);
}

function advised() {
	return runs.filter((run) => run.advice && run.advice.sections.some((part) => part.rows.length));
}

/** The machines that ran a row's call, and give no advice on it. */
function dissent(part, row) {
	const key = placeKey(row.where);
	const rows = (run) => run.advice.sections.filter((other) => other.id === part.id).flatMap((other) => other.rows);
	const twins = (run) => rows(run).filter((other) => placeKey(other.where) === key);

	if (!part.agree || !row.advice || !key)
		return [];
	return advised().filter((run) => twins(run).some((other) => !other.advice)).map((run) => run.machine);
}

function adviceCell(part, row) {
	const against = dissent(part, row);

	if (!row.advice)
		return '';
	const more = against.length > 3 ? ` and ${against.length - 3} more` : '';

	return against.length ? h('span', {class: 'faint'}, `needed on ${against.slice(0, 3).join(', ')}${more}: leave it`) :
		h('span', {class: 'long'}, row.advice);
}

function adviceTable(part, rows) {
	const placed = rows.some((row) => row.where.length), told = rows.some((row) => row.advice);
	const site = (row) => placeCode(place(row.where));

	const head = [...part.columns.map((column) => column.title), placed && 'where', told && 'advice'].filter(Boolean);
	const kind = (i) => part.columns[i] && part.columns[i].kind;

	return table(part.title, head,
		rows.map((row) => [...row.cells.map((value, i) => cellText(value, kind(i))),
			...(placed ? [site(row)] : []), ...(told ? [adviceCell(part, row)] : [])]), {class: 'advice'});
}

function advicePart(part) {
	const rest = part.rows.slice(ROWS);

	return h('article', {class: 'part'}, h('h3', {}, part.title), h('p', {class: 'faint'}, part.sentence),
		adviceTable(part, part.rows.slice(0, ROWS)),
		rest.length ? h('details', {}, h('summary', {}, `${grouped(rest.length)} more`),
			adviceTable(part, rest.slice(0, 500))) : null);
}

function adviceSection() {
	const some = advised();
	const parts = h('div', {});
	const of = (machine) => some.find((run) => run.machine === machine).advice.sections;
	const draw = (machine) => fill(parts, of(machine).filter((part) => part.rows.length).map(advicePart));

	if (!some.length)
		return null;
	draw(some[0].machine);
	return section('advice', 'Advice', h('p', {class: 'faint'},
		'No mistakes: what could be done with less, by this run\'s own numbers.'),
		some.length > 1 ? h('div', {class: 'controls'},
			choice('Machine', some.map((run) => [run.machine, run.machine]), some[0].machine, draw)) : null,
		parts);
}
