/* What became of the driver in many runs: when each of its calls that can fail did, and with many seeds. */

const COPED = {coped: 'good', 'not reached': 'none'};

/** @first says what the number of the first run that had it is. */
function troubleView(trouble, first) {
	const {finding} = trouble;

	return h('div', {class: 'live'},
		h('p', {}, h('span', {class: 'tag bad'}, trouble.kind), ' ',
			finding ? [h('code', {}, finding.rule), ' ', finding.title] : trouble.text,
			h('span', {class: 'faint'},
				`, in ${count(trouble.runs, 'run')}, first ${first(trouble.first)}`)),
		finding ? [h('p', {}, finding.what),
			finding.mend ? h('p', {class: 'mend'}, h('b', {}, 'Mend '), finding.mend) : null,
			bothStacks(finding)] :
			stacks(['where', trouble.where]),
		trouble.repeat ? command(trouble.repeat) : null);
}

const callFailed = (trouble) => troubleView(trouble, (number) => `when call ${number} failed`);
const withSeed = (trouble) => troubleView(trouble, (seed) => `with seed ${seed}`);

function siteCard(site) {
	const frame = place(site.where);
	const line = h('span', {class: 'line3'},
		h('span', {class: `tag ${COPED[site.outcome] || 'bad'}`}, site.outcome), h('span', {}, site.kind),
		placeCode(frame), frame && frame.function && h('span', {class: 'faint'}, frame.function),
		h('span', {class: 'faint'}, count(site.failed, 'run') + (site.bad ? `, ${grouped(site.bad)} of them bad` : '')));

	return h('details', {class: 'site'}, h('summary', {}, line), stacks(['the call that fails', site.where]),
		site.troubles.map(callFailed));
}

function sweepOf(run) {
	const each = run.fail_each, bad = each.sites.filter((site) => !COPED[site.outcome]).length;
	const said = [
		`${count(each.calls, 'call')} that can fail, from ${count(each.sites.length, 'place')}; ${count(each.runs, 'run')}`,
		each.left_out && `${grouped(each.left_out)} left out`,
		each.stopped && 'stopped before all were made',
		each.astray && `${grouped(each.astray)} in which another call failed than was meant`,
	];

	return h('article', {class: 'part'}, h('h3', {}, runs.length > 1 ? run.machine : 'Each call failed once'),
		h('p', {class: 'faint'}, said.filter(Boolean).join(', ') + '.'),
		h('p', {}, bad ? `${count(bad, 'place')} ${bad === 1 ? 'does' : 'do'} not cope.` : 'Every place copes.'),
		each.troubles.map(callFailed), each.sites.map(siteCard));
}

function exploredOf(run) {
	const {explore} = run, stopped = explore.stopped ? '; stopped before all were made' : '';

	return h('article', {class: 'part'}, h('h3', {}, runs.length > 1 ? run.machine : 'Each seed once'),
		h('p', {class: 'faint'}, `${count(explore.runs, 'run')} with seeds from ${explore.first} on${stopped}.`),
		h('p', {}, explore.clean === explore.runs ? 'All of them were clean.' : `${grouped(explore.clean)} of them were clean.`),
		explore.troubles.map(withSeed));
}

function exploreSection() {
	const explored = runs.filter((run) => run.explore);

	return explored.length ? section('seeds', 'Many seeds',
		h('p', {class: 'faint'}, 'What else showed when more, or other things, happened by chance.'), explored.map(exploredOf)) : null;
}

function sweepSection() {
	const swept = runs.filter((run) => run.fail_each);

	return swept.length ? section('failures', 'Failing calls',
		h('p', {class: 'faint'}, 'What became of the driver when one of its calls failed, each in a run of its own.'),
		swept.map(sweepOf)) : null;
}
