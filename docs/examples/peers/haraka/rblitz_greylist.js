'use strict'
// plugins/rblitz_greylist.js of Haraka: greylisting by rblitzd, asked over DNS for each recipient that another plugin has accepted.
// Name it in config/plugins, behind those that accept recipients; its settings are in config/rblitz_greylist.ini.
//
// Only 127.0.0.4 defers: whatever else comes, an error or nothing in two seconds, passes.

const crypto = require('node:crypto')
const dns = require('node:dns')
const fs = require('node:fs')
const net = require('node:net')

const DEFERS = '127.0.0.4'

exports.register = function () {
  const { main } = this.config.get('rblitz_greylist.ini')
  this.zone = main.zone
  // Read once, as the user that Haraka starts as.
  this.key = fs.readFileSync(main.key_file, 'utf8').split('\n')[0].replace(/\r$/, '')
  this.null_sender = main.null_sender === 'true' || main.null_sender === true
  this.resolver = new dns.promises.Resolver({ timeout: 1000, tries: 2 })
  if (main.server) this.resolver.setServers([main.server])
}

exports.hash = function (text) {
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return crypto.createHash('sha1').update(`${this.key}|${lower}`).digest('hex').slice(0, 32)
}

// Four octets or 32 nibbles, the last one first.
exports.reversed = function (ip) {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped) ip = mapped[1]
  if (net.isIPv4(ip)) return ip.split('.').reverse().join('.')
  const groups = (text) => (text ? text.split(':') : [])
  const [head, tail] = ip.replace(/%.*/, '').split('::')
  const left = groups(head)
  const right = groups(tail)
  const zeros = tail === undefined ? [] : Array(8 - left.length - right.length).fill('0')
  const digits = [...left, ...zeros, ...right].map((group) => group.padStart(4, '0'))
  return digits.join('').toLowerCase().split('').reverse().join('.')
}

exports.hook_rcpt_ok = async function (next, connection, recipient) {
  const { remote, relaying, transaction, notes } = connection
  if (!transaction || relaying || remote.is_private || notes.auth_user) return next()
  const sender = transaction.mail_from
  if (sender.isNull() && !this.null_sender) return next()

  const from = sender.isNull() ? '' : sender.address()
  const name = `${this.hash(recipient.address())}.${this.hash(from)}.${this.reversed(remote.ip)}.${this.zone}`
  let answers = []
  try {
    answers = await this.resolver.resolve4(name)
  } catch (error) {
    connection.logwarn(this, `passes: ${error.message}`)
  }
  if (answers.length === 1 && answers[0] === DEFERS) return next(DENYSOFT, 'Greylisted, please try again later')
  next()
}
