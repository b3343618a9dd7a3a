/* Advice: what could be done with less. Tables that say what their columns are; this knows none of them. */

const ROWS = 12; /* of a table, at first */

function cellText(value, kind) {
	if (value === null || value === undefined)
		return h('span', {class: 'faint'}, '–');
	if (kind === 'bytes')
		return bytes(value);
	if (kind === 'seconds')
		return duration(value * 1e9);
	return kind === 'count' ? grouped(value) : String(value);
}

function advised() {
	return runs.filter((run) => run.advice && run.advice.sections.some((part) => part.rows.length));
}

/** The machines that ran a row's call, and give no advice on it. */
function dissent(part, row) {
	const key = placeKey(row.where);
	const twins = (run) => run.advice.sections.filter((other) => other.id === part.id).flatMap((other) => other.rows).filter((other) => placeKey(other.where) === key);

	if (!part.agree || !row.advice || !key)
		return [];
	return advised().filter((run) => twins(run).some((other) => !other.advice)).map((run) => run.machine);
}

function adviceCell(part, row) {
	const against = dissent(part, row);

	if (!row.advice)
		return '';
	return against.length ? h('span', {class: 'faint'}, `needed on ${against.slice(0, 3).join(', ')}${against.length > 3 ? ` and ${against.length - 3} more` : ''}: leave it`) : row.advice;
}

function adviceTable(part, rows) {
	const placed = rows.some((row) => row.where.length), told = rows.some((row) => row.advice);
	const site = (row) => { const frame = place(row.where); return frame ? h('code', {class: 'where', title: frame.function}, placeText(frame)) : ''; };

	return table(part.title, [...part.columns.map((column) => column.title), placed && 'where', told && 'advice'].filter(Boolean),
		rows.map((row) => [...row.cells.map((value, i) => cellText(value, part.columns[i] && part.columns[i].kind)),
			...(placed ? [site(row)] : []), ...(told ? [adviceCell(part, row)] : [])]), {class: 'advice'});
}

function advicePart(part) {
	const rest = part.rows.slice(ROWS);

	return h('article', {class: 'part'}, h('h3', {}, part.title), h('p', {class: 'faint'}, part.sentence), adviceTable(part, part.rows.slice(0, ROWS)),
		rest.length ? h('details', {}, h('summary', {}, `${grouped(rest.length)} more`), adviceTable(part, rest.slice(0, 500))) : null);
}

function adviceSection() {
	const some = advised();
	const parts = h('div', {});
	const draw = (machine) => fill(parts, some.find((run) => run.machine === machine).advice.sections.filter((part) => part.rows.length).map(advicePart));

	if (!some.length)
		return null;
	draw(some[0].machine);
	return section('advice', 'Advice', h('p', {class: 'faint'}, 'No mistakes: what could be done with less, by this run\'s own numbers.'),
		some.length > 1 ? h('div', {class: 'controls'}, choice('Machine', some.map((run) => [run.machine, run.machine]), some[0].machine, draw)) : null, parts);
}
