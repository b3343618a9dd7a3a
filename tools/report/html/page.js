/* The page: its sections in order, and what the keys do. */

function navigation(sections) {
	const numbers = {findings: findings.length};

	return h('nav', {class: 'sections', 'aria-label': 'Sections'},
		sections.map((one) => h('a', {href: `#${one.id}`},
		one.querySelector('h2').textContent,
			numbers[one.id] ? h('span', {class: 'number'}, grouped(numbers[one.id])) : null)));
}

function keys(event) {
	const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);

	if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== 'Escape') ||
		event.target.closest('.timeline-view'))
		return;
	if (event.key === '/' && controls.firstChild) {
		event.preventDefault();
		controls.querySelector('input').focus();
	} else if (event.key === 'Escape' && typing) {
		event.target.blur();
	} else if (event.key === 'j' || event.key === 'k') {
		step(event.key === 'j' ? 1 : -1);
	}
}

function build() {
	const sections = [findingsSection(), troubleSection(), sweepSection(), exploreSection(), machinesSection(), timelineSection(),
		adviceSection(), testsSection(), logSection()].filter(Boolean);

	/* what went wrong comes first: a crash before the findings it left behind, a list of nothing behind all */
	if (sections[1].id === 'trouble' && (!findings.length || runs.some((run) => run.crash || run.hang)))
		sections.splice(0, 2, sections[1], sections[0]);
	document.title = `${verdict()[0]} · dmakit`;
	fill(document.getElementById('main'), head(), navigation(sections), sections,
		h('footer', {class: 'faint small'},
			'Keys: / filter, j and k next and previous finding, Tab and Enter as usual. ' +
			'This page loads nothing and sends nothing.'));
	document.addEventListener('keydown', keys);
	addEventListener('hashchange', openLinked);
	addEventListener('beforeprint', () => { if (findings.length) eachCard(true); });
	openLinked();
}

build();
