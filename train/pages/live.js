'use strict';
const groups = JSON.parse(document.querySelector('#charts').textContent);
const runs = [];
const byId = (id) => document.getElementById(id);

// --- elements: text reaches the page as text alone ---------------------------------------------------------------
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
function shape(name, attributes = {}, text = '') {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}
function row(cells, head = false) {
  return element('tr', {}, ...cells.map((cell, i) => {
    const made = element(head || i === 0 ? 'th' : 'td', head ? { scope: 'col' } : i === 0 ? { scope: 'row' } : {});
    made.append(cell);
    return made;
  }));
}
const words = (name) => name.replaceAll('_', ' ');
const known = (value) => typeof value === 'number' && Number.isFinite(value);
const percent = (value, digits = 0) => (known(value) ? `${(100 * value).toFixed(digits)} %` : '–');
const points = (value) => (known(value) ? `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}` : '–');
const gib = (bytes) => (known(bytes) ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : '–');
function short(value, unit) {
  if (!known(value)) return '–';
  return unit === 'share' ? percent(value) : String(Number(value.toPrecision(3)));
}
function duration(seconds) {
  if (!known(seconds)) return '';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

// --- curves --------------------------------------------------------------------------------------------------------
const WIDTH = 320, HEIGHT = 150, LEFT = 38, RIGHT = 8, TOP = 8, BOTTOM = 20;
const plots = [];
function valueOf(entry, series) {
  const value = entry[series.key];
  if (!series.over) return value;
  return entry[series.over] ? value / entry[series.over] : undefined;
}
function pointsOf(run, series) {
  return run.rows.map((entry) => [entry.step, valueOf(entry, series)]).filter((point) => known(point[1]));
}
function smoothed(line) {
  const half = Math.max(1, Math.floor(line.length / 20));
  const sums = [0];
  for (const [, value] of line) sums.push(sums.at(-1) + value);
  return line.map(([step], i) => {
    const from = Math.max(0, i - half), to = Math.min(line.length, i + half + 1);
    return [step, (sums[to] - sums[from]) / (to - from)];
  });
}
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5].find((digit) => power * digit >= value * (1 - 1e-9)) ?? 10) * power;
}
function makePlot(spec) {
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', tabindex: '0', 'aria-label': `${spec.title}, over the steps` });
  const legend = element('p', { class: 'legend', 'aria-live': 'off' });
  const about = element('details', { class: 'about' }, element('summary', {}, 'what it says'), element('p', {}, spec.about));
  const figure = element('figure', { 'data-chart': spec.title }, element('figcaption', {}, spec.title), svg, legend, about);
  const plot = { spec, svg, legend, figure, cursor: null };
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * WIDTH;
    plot.cursor = Math.min(1, Math.max(0, (across - LEFT) / (WIDTH - LEFT - RIGHT)));
    drawPlot(plot);
  });
  svg.addEventListener('pointerleave', () => { plot.cursor = null; drawPlot(plot); });
  svg.addEventListener('blur', () => { plot.cursor = null; drawPlot(plot); });
  svg.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    plot.cursor = Math.min(1, Math.max(0, (plot.cursor ?? 1) + move / Math.max(1, plot.steps ?? 20)));
    drawPlot(plot);
  });
  return plot;
}
function drawPlot(plot) {
  const { spec, svg, legend } = plot;
  const curves = [];
  runs.forEach((run, number) => spec.series.forEach((series, place) => {
    const line = pointsOf(run, series);
    if (!line.length) return;
    const several = runs.length > 1;
    const label = [several ? run.about.name : '', spec.series.length > 1 || !several ? series.label : ''].filter(Boolean).join(', ');
    curves.push({ line, label, style: several ? `c${number} d${place}` : `c${place} d0` });
  }));
  plot.figure.hidden = !curves.length;
  if (!curves.length) return;
  const steps = curves.flatMap((curve) => [curve.line[0][0], curve.line.at(-1)[0]]);
  const first = Math.min(...steps), last = Math.max(...steps);
  plot.steps = last - first;
  const values = curves.flatMap((curve) => curve.line.map((point) => point[1]));
  const least = values.reduce((a, b) => Math.min(a, b)), most = values.reduce((a, b) => Math.max(a, b));
  const low = spec.unit === 'share' || least >= 0 ? 0 : -ceiling(-least);
  const high = spec.unit === 'share' ? 1 : ceiling(most);
  const x = (step) => LEFT + (last > first ? (step - first) / (last - first) : 0.5) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const path = (line) => 'M' + line.map(([step, value]) => `${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join('L') + (line.length === 1 ? 'h.1' : '');
  const parts = [];
  for (const value of [low, (low + high) / 2, high]) {
    parts.push(shape('path', { class: 'grid', d: `M${LEFT} ${y(value).toFixed(1)}H${WIDTH - RIGHT}` }));
    parts.push(shape('text', { class: 'end', x: LEFT - 4, y: (y(value) + 3.5).toFixed(1) }, short(value, spec.unit)));
  }
  parts.push(shape('text', { x: LEFT, y: HEIGHT - 5 }, `step ${first}`), shape('text', { class: 'end', x: WIDTH - RIGHT, y: HEIGHT - 5 }, String(last)));
  for (const curve of curves) parts.push(shape('path', { class: `line raw ${curve.style}`, d: path(curve.line) }));
  for (const curve of curves) parts.push(shape('path', { class: `line ${curve.style}`, d: path(smoothed(curve.line)) }));
  const at = plot.cursor === null ? null : Math.round(first + plot.cursor * (last - first));
  if (at !== null) parts.push(shape('path', { class: 'cursor', d: `M${x(at).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` }));
  svg.replaceChildren(...parts);
  const keys = curves.map((curve) => {
    const nearest = at === null ? curve.line.at(-1) : curve.line.reduce((a, b) => (Math.abs(b[0] - at) < Math.abs(a[0] - at) ? b : a));
    return element('span', { class: `key ${curve.style}` }, `${curve.label} `, element('b', {}, short(nearest[1], spec.unit)));
  });
  legend.replaceChildren(...keys, at === null ? 'at the last step' : `at step ${at}`);
}

// --- tables and tiles ----------------------------------------------------------------------------------------------
function drawRuns() {
  byId('run-tiles').replaceChildren(...runs.map((run, number) => {
    const { about, state } = run;
    const progress = state.progress ?? {};
    const evolving = state.phase === 'evolve' || !known(progress.total) || !progress.total;
    const done = evolving ? state.step ?? 0 : progress.done, total = evolving ? about.steps : progress.total;
    const left = state.owner && known(state.seconds_left) ? `, about ${duration(state.seconds_left)} left` : '';
    const bar = element('progress', { max: Math.max(1, total), value: done ?? 0, 'aria-label': `progress of ${about.name}` });
    const note = !evolving && progress.note ? ` (${progress.note})` : '';
    return element('div', { class: 'tile' },
      element('h3', {}, element('span', { class: `key c${number}` }, about.name)),
      element('p', { class: 'quiet' }, `${about.recipe}, ${about.model}, seed ${about.seed}; ${about.envs.join(', ')}`),
      bar, element('p', { class: 'phase' }, `${state.phase ?? '…'}: ${done ?? 0} of ${total}${note}${left}`),
      element('p', { class: 'quiet' }, state.owner ? `step ${state.step} of ${about.steps}; ${state.owner}` : `step ${state.step ?? 0} of ${about.steps}; not running`));
  }));
}
function drawWarnings() {
  const texts = runs.flatMap((run) => (run.state.warnings ?? []).map((text) => (runs.length > 1 ? `${run.about.name}: ${text}` : text)));
  byId('warning-list').replaceChildren(...(texts.length ? texts.map((text) => element('li', {}, text)) : [element('li', { class: 'none' }, 'None.')]));
}
function drawHeldout(paired) {
  const cell = (result) => (result ? `${percent(result.accuracy, 1)} (${percent(result.low, 1)} to ${percent(result.high, 1)})` : 'not measured yet');
  const head = row(['run', 'chance', 'before', 'after', 'gain, points', 'blind before', 'blind after'], true);
  const rows = runs.map((run) => {
    const { start, end } = run.state.heldout ?? {};
    return row([run.about.name, percent((start ?? end)?.chance), cell(start), cell(end), points(start && end ? end.accuracy - start.accuracy : NaN), percent(start?.blind, 1), percent(end?.blind, 1)]);
  });
  byId('heldout-table').replaceChildren(element('thead', {}, head), element('tbody', {}, ...rows));
  if (runs.length < 2) return;
  const tell = (a, b) => (a > 0 || b < 0 ? '' : ', no difference beyond chance');
  const items = paired.map((pair) => element('li', {}, `${runs[pair.run].about.name} against ${runs[0].about.name}, ${pair.when === 'start' ? 'before' : 'after'} the run: ${points(pair.difference)} points (${points(pair.low)} to ${points(pair.high)}) on ${pair.items} items that both answered${tell(pair.low, pair.high)}`));
  items.push(...stepDifferences());
  byId('paired').replaceChildren(element('h3', {}, 'Paired differences'), element('p', { class: 'quiet' }, 'On the same held-out items; and at the same steps, over the last 20 that both have made (steps of one run are not independent of each other, so these intervals are too narrow).'), element('ul', {}, ...items));
}
function stepDifferences() {
  const items = [];
  for (const spec of groups.flatMap((group) => group.charts).filter((chart) => chart.compared)) {
    for (const run of runs.slice(1)) {
      const values = (one) => new Map(one.rows.map((entry) => [entry.step, spec.series.reduce((sum, series) => sum + (valueOf(entry, series) ?? NaN), 0)]).filter((point) => known(point[1])));
      const base = values(runs[0]), other = values(run);
      const gaps = [...other].filter(([step]) => base.has(step)).slice(-20).map(([step, value]) => value - base.get(step));
      if (gaps.length < 3) continue;
      const mean = gaps.reduce((a, b) => a + b) / gaps.length;
      const half = 1.96 * Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / (gaps.length - 1) / gaps.length);
      const write = (value) => (spec.unit === 'share' ? `${points(value)}` : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`);
      items.push(element('li', {}, `${spec.title}: ${run.about.name} ${write(mean)} (${write(mean - half)} to ${write(mean + half)})${spec.unit === 'share' ? ' points' : ''} over ${gaps.length} steps`));
    }
  }
  return items;
}
function drawSkills() {
  const run = runs[Number(byId('skill-run').value) || 0];
  const rates = new Map();
  for (const [arm, rate] of Object.entries(run?.state.arms ?? {})) {
    const cut = arm.lastIndexOf('/');
    if (!rates.has(arm.slice(0, cut))) rates.set(arm.slice(0, cut), {});
    rates.get(arm.slice(0, cut))[arm.slice(cut + 1)] = rate;
  }
  const levels = [...new Set([...rates.values()].flatMap((cells) => Object.keys(cells)))].sort((a, b) => a - b);
  const rows = [...rates].map(([task, cells]) => {
    const made = row([words(task), ...levels.map((level) => percent(cells[level]))]);
    levels.forEach((level, i) => {
      made.children[i + 1].className = 'heat';
      made.children[i + 1].style.setProperty('--weight', cells[level] ?? 0);
    });
    return made;
  });
  byId('skill-table').replaceChildren(element('thead', {}, row(['task', ...levels.map((level) => `difficulty ${level}`)], true)), element('tbody', {}, ...rows));
}
function choices(select, pairs) {
  const value = select.value;
  if (JSON.stringify([...select.options].map((option) => option.value)) === JSON.stringify(pairs.map((pair) => pair[0]))) return;
  select.replaceChildren(...pairs.map(([key, text]) => element('option', { value: key }, text)));
  if (pairs.some((pair) => pair[0] === value)) select.value = value;
  select.closest('label').hidden = select.options.length < 2;
}
function drawRefused() {
  const kinds = [...new Set(runs.flatMap((run) => (run.state.rejected ?? []).map((entry) => entry.reason.split('/')[0])))];
  choices(byId('refused-kind'), [['', 'every kind'], ...kinds.map((kind) => [kind, kind])]);
  const kind = byId('refused-kind').value;
  const rows = runs.flatMap((run) => (run.state.rejected ?? []).filter((entry) => !kind || entry.reason.startsWith(`${kind}/`)).map((entry) => ({ run, ...entry })));
  const most = Math.max(1e-9, ...rows.map((entry) => entry.recent));
  const name = (entry) => (runs.length > 1 ? `${entry.run.about.name}: ` : '') + words(entry.reason.replace('/', ': '));
  byId('refused-table').replaceChildren(element('thead', {}, row(['reason', 'a step, lately', 'in all', ''], true)), element('tbody', {}, ...rows.map((entry) => {
    const bar = element('i');
    bar.style.width = `${(100 * entry.recent) / most}%`;
    return row([name(entry), entry.recent.toFixed(1), String(entry.total), element('div', { class: 'meter' }, bar)]);
  })));
}

// --- cards ---------------------------------------------------------------------------------------------------------
const folded = (title, text) => element('details', {}, element('summary', {}, title), element('pre', { tabindex: '0' }, text));
const tag = (text) => element('span', { class: 'tag' }, text);
function cardOf(run, card) {
  const bars = element('div', { class: 'bars' });
  for (const answer of card.answers) {
    const style = answer.correct === null ? '' : answer.correct ? 'right' : 'wrong';
    const bar = element('i', { class: style });
    bar.style.width = `${100 * answer.share}%`;
    bars.append(element('span', style ? { class: style, role: 'img', 'aria-label': style } : {}, style === 'right' ? '✓' : style === 'wrong' ? '✗' : ''),
      element('span', {}, answer.text || '(empty)'), element('span', { class: 'bar' }, bar), element('span', { class: 'count' }, String(answer.count)));
  }
  return element('article', {},
    element('img', { src: card.picture, width: '256', height: '256', alt: 'The picture that the question is about' }),
    element('p', {}, tag(`step ${card.step}`), ' ', tag(`${words(card.task)}, difficulty ${card.difficulty}`), ...(runs.length > 1 ? [' ', tag(run.about.name)] : [])),
    element('h3', {}, card.question),
    element('p', { class: 'quiet' }, card.whose === 'proposer' ? "the Proposer's question" : 'a question that the environment added'),
    element('p', {}, 'Oracle: ', element('b', {}, card.truth), card.margin ? `, margin ${card.margin}` : ''),
    element('p', {}, `Solver: ${percent(card.solve_rate)} right`), bars, folded('program', card.program));
}
function drawCards() {
  const bar = byId('gallery-filter');
  const select = (name) => bar.querySelector(`[name=${name}]`);
  const all = runs.flatMap((run, number) => (run.gallery?.cards ?? []).map((card) => ({ ...card, run: String(number) })));
  choices(select('run'), runs.length > 1 ? [['', 'every run'], ...runs.map((run, number) => [String(number), run.about.name])] : [['', 'every run']]);
  choices(select('task'), [['', 'every task'], ...[...new Set(all.map((card) => card.task))].sort().map((task) => [task, words(task)])]);
  choices(select('whose'), [['', "everyone's"], ['proposer', "the Proposer's"], ['environment', "the environment's"]]);
  choices(select('solved'), [['', 'or not'], ['always', 'always'], ['sometimes', 'sometimes'], ['never', 'never']]);
  const wanted = [...bar.querySelectorAll('select')].map((one) => [one.name, one.value]).filter((pair) => pair[1]);
  const shown = all.filter((card) => wanted.every(([name, value]) => card[name] === value));
  byId('no-pictures').hidden = shown.length > 0;
  byId('cards').replaceChildren(...shown.map((card) => cardOf(runs[Number(card.run)], card)));
  byId('refusals').replaceChildren(...runs.flatMap((run) => (run.gallery?.refusals ?? []).map((refusal) => element('article', {},
    ...(refusal.picture ? [element('img', { src: refusal.picture, width: '256', height: '256', alt: 'A picture that is not what was asked for' })] : []),
    element('p', {}, tag(`step ${refusal.step}`), ' ', tag(refusal.kind), ' ', tag(words(refusal.code)), ...(runs.length > 1 ? [' ', tag(run.about.name)] : [])),
    element('p', {}, refusal.reason), element('p', { class: 'quiet' }, `asked for: ${refusal.asked_for}`), folded('what was written', refusal.text || '(nothing)')))));
}

// --- events --------------------------------------------------------------------------------------------------------
let paired = [], pending = new Set();
const DRAW = {
  plots: () => plots.forEach(drawPlot), runs: drawRuns, warnings: drawWarnings, heldout: () => drawHeldout(paired),
  skills: drawSkills, refused: drawRefused, cards: drawCards,
};
function soon(...names) {
  if (!pending.size) setTimeout(() => { const due = pending; pending = new Set(); for (const name of due) DRAW[name](); }, 100);
  names.forEach((name) => pending.add(name));
}
function listen() {
  const source = new EventSource('events');
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  source.addEventListener('open', () => { byId('connection').textContent = 'connected: what is new appears by itself'; });
  source.addEventListener('error', () => { byId('connection').textContent = 'the server does not answer; trying again (was `zerosight watch` stopped?)'; });
  on('runs', (abouts) => {
    runs.length = 0;
    runs.push(...abouts.map((about) => ({ about, rows: [], state: {}, gallery: null })));
    document.title = `${runs.map((run) => run.about.name).join(', ')} – Zerosight, live`;
    choices(byId('skill-run'), runs.map((run, number) => [String(number), run.about.name]));
  });
  on('metrics', ({ run, anew, rows }) => { runs[run].rows = anew ? rows : runs[run].rows.concat(rows); soon('plots', 'heldout'); });
  on('state', (state) => { runs[state.run].state = state; soon('runs', 'warnings', 'heldout', 'skills', 'refused'); });
  on('gallery', (gallery) => { runs[gallery.run].gallery = gallery; soon('cards'); });
  on('paired', (pairs) => { paired = pairs; soon('heldout'); });
  on('load', (load) => {
    const gpus = load.gpus.map((gpu, i) => `; GPU ${i} ${percent(gpu.busy)} busy, ${gib(gpu.memory_used)} of ${gib(gpu.memory_total)}`).join('');
    byId('load').textContent = `This machine: ${load.cores} cores ${percent(load.processor)} busy; memory ${gib(load.memory_used)} of ${gib(load.memory_total)}; ${gib(load.disk_free)} free on the disk${gpus}`;
  });
}
for (const group of groups) {
  const made = group.charts.map(makePlot);
  plots.push(...made);
  byId('curve-groups').append(element('h3', {}, group.title), element('div', { class: 'charts' }, ...made.map((plot) => plot.figure)));
}
byId('gallery-filter').addEventListener('change', drawCards);
byId('skill-run').addEventListener('change', drawSkills);
byId('refused-kind').addEventListener('change', drawRefused);
listen();
