// What runs in the reviewer's browser: plain JavaScript without libraries. The elements it fills are review_page.cc's.
#include "r1/pipeline/page/review_page.h"

namespace r1::pipeline {

const char* review_script() {
  return R"js(
'use strict';
(() => {
const PAGE_SIZE = 20;
const STATES = [['all', 'all'], ['open', 'undecided'], ['accept', 'accepted'], ['edit', 'edited'], ['reject', 'rejected']];
const byId = id => document.getElementById(id);
const {title, key} = document.body.dataset;
const examples = JSON.parse(byId('examples').textContent);
const known = new Map(examples.map(example => [example.id, example]));
// A text box turns every line end into \n: that alone is no edit.
const shown = text => text.replace(/\r\n?/g, '\n');
let decisions = new Map();  // id -> {decision, completion}; completion of edits only
let drafts = new Map();     // id -> text that was typed and not decided on
let matching = examples, page = 0, current = 0;
let unsaved = false, stored = true;  // not in a file; in this browser

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
function tell(text, bad) {
  byId('message').textContent = text;
  byId('message').hidden = !text;
  byId('message').classList.toggle('bad', Boolean(bad));
}

// ---- what the browser keeps
let writing = 0;
function store() {
  writing = 0;
  try {
    localStorage.setItem(key, JSON.stringify({decisions: [...decisions], drafts: [...drafts]}));
    stored = true;
  } catch (error) {
    stored = false;
    tell('This browser keeps no decisions (' + error.name + '): save before you close the page.', true);
  }
}
function storeSoon() {
  unsaved = true;
  if (!writing) writing = setTimeout(store, 300);
}
function restore() {
  try {
    const kept = JSON.parse(localStorage.getItem(key) || '{}');
    decisions = new Map((kept.decisions || []).filter(([id]) => known.has(id)));
    drafts = new Map((kept.drafts || []).filter(([id]) => known.has(id)));
  } catch (error) {
    tell('What this browser kept can’t be read (' + error.name + '); it starts anew.', true);
  }
}

// ---- decisions
const stateOf = id => decisions.has(id) ? decisions.get(id).decision : 'open';
function textOf(example) {
  if (drafts.has(example.id)) return drafts.get(example.id);
  const made = decisions.get(example.id);
  return made && made.decision === 'edit' ? made.completion : shown(example.completion);
}
function decide(index, decision) {
  const example = matching[page * PAGE_SIZE + index];
  if (!example) return false;
  if (decision === 'open') {
    decisions.delete(example.id);
    drafts.delete(example.id);
  } else if (decision === 'reject') {
    decisions.set(example.id, {decision});
  } else {
    const text = textOf(example);
    if (!text.trim()) {
      tell('An accepted text must not be empty: reject the example instead.', true);
      return false;
    }
    decisions.set(example.id, text === shown(example.completion) ? {decision: 'accept'} : {decision: 'edit', completion: text});
    drafts.delete(example.id);
  }
  tell('');
  storeSoon();
  refresh(index);
  count();
  return true;
}

// ---- the page
const cards = () => [...byId('list').children];
function refresh(index) {
  const card = cards()[index], example = matching[page * PAGE_SIZE + index];
  const state = stateOf(example.id), text = textOf(example), box = card.querySelector('textarea');
  card.dataset.state = state;
  card.querySelector('.state').textContent = STATES.find(([name]) => name === state)[1];
  if (box.value !== text) box.value = text;
  const edited = text !== shown(example.completion);
  card.querySelector('.accept').textContent = edited ? 'Accept edit' : 'Accept';
  card.querySelector('.reset').disabled = state === 'open' && !edited;
}
function cardOf(example, index) {
  const card = element('article');
  const head = element('div', 'head');
  head.append(element('span', 'id', example.id), element('span', 'state'));
  const facts = [example.source, example.domain, example.language].filter(Boolean).join(' · ');
  const box = element('textarea');
  box.value = textOf(example);
  box.rows = Math.min(18, Math.max(3, box.value.split('\n').reduce((n, line) => n + 1 + Math.floor(line.length / 90), 1)));
  box.setAttribute('aria-label', 'completion of ' + example.id);
  box.spellcheck = false;
  box.addEventListener('input', () => {
    drafts.set(example.id, box.value);
    if (stateOf(example.id) !== 'reject') decisions.delete(example.id);
    storeSoon();
    refresh(index);
    count();
  });
  const buttons = element('div', 'buttons');
  for (const [name, decision] of [['accept', 'accept'], ['reject', 'reject'], ['reset', 'open']]) {
    const button = element('button', name, {accept: 'Accept', reject: 'Reject', reset: 'Reset'}[name]);
    button.addEventListener('click', () => decide(index, decision));
    buttons.append(button);
  }
  card.append(head, element('p', 'soft', facts), element('pre', '', example.prompt), box, buttons);
  card.addEventListener('focusin', () => select(index, false));
  card.addEventListener('click', () => select(index, false));
  return card;
}
function select(index, scroll) {
  const list = cards();
  current = Math.max(0, Math.min(index, list.length - 1));
  list.forEach((card, i) => card.classList.toggle('current', i === current));
  if (scroll && list[current]) list[current].scrollIntoView({block: 'nearest'});
}
function count() {
  const made = {accept: 0, edit: 0, reject: 0};
  for (const {decision} of decisions.values()) ++made[decision];
  byId('count').textContent = decisions.size + ' of ' + examples.length + ' decided: ' + made.accept + ' accepted, ' +
      made.edit + ' edited, ' + made.reject + ' rejected';
  byId('progress').value = decisions.size / Math.max(1, examples.length);
}
function show(newPage, at) {
  const pages = Math.max(1, Math.ceil(matching.length / PAGE_SIZE));
  page = Math.max(0, Math.min(newPage, pages - 1));
  const part = matching.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
  byId('list').replaceChildren(...part.map(cardOf));
  part.forEach((_, index) => refresh(index));
  if (!part.length) byId('list').append(element('p', 'soft', 'No example is like that.'));
  byId('page').textContent = 'page ' + (page + 1) + ' of ' + pages + ', ' + matching.length + ' examples';
  byId('back').disabled = page === 0;
  byId('next').disabled = page === pages - 1;
  if (part.length) select(at === 'last' ? part.length - 1 : 0, false);
  window.scrollTo(0, 0);
}
/// Decided examples stay in view until the filter is asked again: nothing jumps away under the hand.
function filter() {
  const source = byId('source').value, state = byId('state').value, words = byId('find').value.toLowerCase();
  matching = examples.filter(example => (!source || example.source === source) &&
      (state === 'all' || stateOf(example.id) === state) &&
      (!words || (example.id + '\n' + example.prompt + '\n' + textOf(example)).toLowerCase().includes(words)));
  show(0);
}
function move(by) {
  const size = Math.min(PAGE_SIZE, matching.length - page * PAGE_SIZE);
  if (current + by >= size) {
    if (!byId('next').disabled) show(page + 1);
  } else if (current + by < 0) {
    if (page > 0) show(page - 1, 'last');
  } else {
    select(current + by, true);
  }
}

// ---- files
function save() {
  const lines = examples.filter(example => decisions.has(example.id)).map(example => {
    const {decision, completion} = decisions.get(example.id);
    return JSON.stringify({id: example.id, decision, completion: decision === 'edit' ? completion : example.completion}) + '\n';
  });
  const link = element('a');
  link.href = URL.createObjectURL(new Blob(lines, {type: 'application/x-ndjson'}));
  link.download = 'decisions.jsonl';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  unsaved = false;
  tell(lines.length + ' decisions saved as decisions.jsonl. ' +
      (drafts.size ? drafts.size + ' edited texts are not decided on and not in it.' : ''));
}
async function load(file) {
  try {
    const read = (await file.text()).split('\n').filter(line => line.trim()).map(line => JSON.parse(line));
    const other = read.filter(({id, decision, completion}) => !known.has(id) ||
        !['accept', 'edit', 'reject'].includes(decision) ||
        (decision !== 'edit' && completion !== undefined && completion !== known.get(id).completion)).length;
    if (other) throw new Error(other + ' of its ' + read.length + ' decisions fit no example of this page');
    for (const {id, decision, completion} of read) {
      decisions.set(id, decision === 'edit' ? {decision, completion: shown(completion)} : {decision});
      drafts.delete(id);
    }
    storeSoon();
    count();
    filter();
    tell(read.length + ' decisions loaded.');
  } catch (error) {
    tell(file.name + ' was not loaded: ' + error.message, true);
  }
}

// ---- start
document.querySelector('h1').textContent = title;
const sources = new Map();
for (const {source} of examples) sources.set(source, (sources.get(source) || 0) + 1);
byId('source').append(new Option('all (' + examples.length + ')', ''),
    ...[...sources].filter(([name]) => name).map(([name, n]) => new Option(name + ' (' + n + ')', name)));
byId('state').append(...STATES.map(([value, text]) => new Option(text, value)));
for (const id of ['source', 'state']) byId(id).addEventListener('change', filter);
let typing = 0;
byId('find').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(filter, 200); });
byId('back').addEventListener('click', () => show(page - 1));
byId('next').addEventListener('click', () => show(page + 1));
byId('save').addEventListener('click', save);
byId('load').addEventListener('change', ({target}) => { if (target.files[0]) load(target.files[0]); target.value = ''; });
document.addEventListener('keydown', event => {
  const inText = /^(TEXTAREA|INPUT|SELECT)$/.test(event.target.tagName);
  if (event.target.tagName === 'TEXTAREA' && event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (decide(current, 'accept')) { event.target.blur(); move(1); }
    return;
  }
  if (event.key === 'Escape') event.target.blur();
  if (inText || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    j: () => move(1), k: () => move(-1), n: () => byId('next').click(), p: () => byId('back').click(),
    a: () => { if (decide(current, 'accept')) move(1); }, r: () => { if (decide(current, 'reject')) move(1); },
    u: () => decide(current, 'open'), s: save,
    e: () => { const box = cards()[current] && cards()[current].querySelector('textarea'); if (box) box.focus(); },
  };
  const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
  if (action) { event.preventDefault(); action(); }
});
window.addEventListener('pagehide', () => { if (writing) { clearTimeout(writing); store(); } });
window.addEventListener('beforeunload', event => {
  if (writing) { clearTimeout(writing); store(); }
  if (unsaved && !stored) event.preventDefault();
});
restore();
filter();
count();
})();
)js";
}

}  // namespace r1::pipeline
