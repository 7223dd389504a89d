// The lanes of the sequence, each with what was seen there so far.

function learn(e) {
  const before = seenInAll()
  for (const kind of kindsOf(e)) {
    sequence.seen[e.from].add(kind)
    sequence.seen[e.to].add(kind)
  }
  if (e.reply && e.from === 'server' && e.to === 'client') {
    sequence.replies++
    if (kindsOf(e).some(stays)) sequence.leaks++
  }
  if (seenInAll() !== before) drawLanes()
  drawProof()
}

function seenInAll() {
  return lanes.reduce((sum, lane) => sum + sequence.seen[lane].size, 0)
}

function drawLanes() {
  redraw($('lanes'), lanes.map(lane => h('div', { class: 'lane', 'data-lane': lane },
    h('h3', {}, icon({ client: 'phone' }[lane] || lane), t('lane.' + lane)),
    pocket(lane))))
  drawProof()
}

function drawProof() {
  $('proof').replaceChildren(icon('lock'), h('span', {}, sequence.replies
    ? t('sequence.proof', { leaks: sequence.leaks, n: sequence.replies })
    : t('sequence.proof.none')))
  $('proof').dataset.leaks = sequence.leaks
}

function pocket(lane) {
  const kinds = [...sequence.seen[lane]]
  return h('ul', { class: 'pocket', 'aria-label': t('lane.has') },
    kinds.sort((a, b) => stays(b) - stays(a)).map(kind => h('li', {}, chip(kind))))
}
