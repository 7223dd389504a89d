// What can go wrong, and time.

function startTrouble() {
  server.states.push(drawTrouble)
  language.listeners.push(drawTrouble)
  setInterval(drawTime, 1000)
  acts.after.push(drawTrouble)
}

function drawTrouble() {
  const { down, mood, store } = server.state
  const life = (phoneView.about[phoneView.user] || {}).expiresIn || 72 * 3600
  redraw($('trouble'),
    h('div', { class: 'control', role: 'group', 'aria-labelledby': 'time-label' },
      h('h3', { id: 'time-label' }, t('trouble.time')),
      h('p', { id: 'time-now', class: 'soft' }),
      h('div', { class: 'row' },
        turn('trouble.hour', 'clock', { advance: '1h' }),
        turn('trouble.day', 'clock', { advance: '24h' }),
        turn('trouble.expire', 'clock', { advance: life + 60 + 's' }, undefined, { time: durationText(life) }))),
    h('div', { class: 'control', role: 'group', 'aria-labelledby': 'store-label' },
      h('h3', { id: 'store-label' }, t('trouble.store', { kind: store })),
      h('div', { class: 'segments' },
        turn('trouble.store.runs', 'store', { down: false }, !down),
        turn('trouble.store.stopped', 'store', { down: true }, down)),
      h('p', { class: 'soft' }, t('trouble.store.hint'))),
    h('div', { class: 'control', role: 'group', 'aria-labelledby': 'wechat-label' },
      h('h3', { id: 'wechat-label' }, t('trouble.wechat')),
      h('div', { class: 'segments' }, ['well', 'busy', 'slow'].map(m => turn('trouble.' + m, 'wechat', { mood: m }, mood === m))),
      h('p', { class: 'soft' }, t('trouble.wechat.hint'))),
    h('p', { id: 'trouble-failed', class: 'outcome', role: 'alert', 'data-tone': 'bad', hidden: true }))
  drawTime()
}

// These work while an act is under way: that is the point of them.
function turn(key, name, value, pressed, values) {
  return h('button', {
    type: 'button', 'data-focus': key, 'aria-pressed': pressed === undefined ? undefined : String(pressed),
    'data-tone': pressed && (value.down || value.mood === 'busy' || value.mood === 'slow') ? 'bad' : undefined,
    click: () => control(name, value).catch(err => {
      $('trouble-failed').textContent = err.message
      $('trouble-failed').hidden = false
    })
  }, t(key, values))
}

function drawTime() {
  const at = $('time-now')
  if (!at || !server.state) return
  const { ahead } = server.state
  const text = t('trouble.time.now', { time: timeText(clockNow()) }) + (ahead ? ' · ' + t('trouble.time.ahead', { time: durationText(ahead) }) : '')
  if (at.textContent !== text) at.textContent = text
}
