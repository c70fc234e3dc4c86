// Tells apps whether the person is still signed in as when they asked (OpenID
// Connect Session Management 1.0 §3.2). It runs in a frame of theirs, and in old
// browsers, too. The hash is that of internal/op/sessionstate.go; the browsers' own is
// not there for pages without https, and does not answer at once.
(function () {
  'use strict';

  var cookie = document.documentElement.getAttribute('data-cookie') + '=';

  // state is the browser's; '' where this frame is not shown it.
  function state() {
    var parts = document.cookie.split('; ');
    for (var i = 0; i < parts.length; i++) {
      if (parts[i].indexOf(cookie) === 0) return parts[i].substring(cookie.length);
    }
    return '';
  }

  // answer is for a message "client_id session_state". Who gets "error" must not
  // ask the provider: so who cannot be answered does not ask without end.
  function answer(message, origin) {
    if (typeof message !== 'string' || message.length > 4096) return 'error';
    var parts = message.split(' '), now = state();
    if (parts.length !== 2 || parts[0] === '' || now === '') return 'error';
    var given = parts[1].split('.');
    if (given.length !== 2 || given[0] === '' || given[1] === '') return 'error';
    return sha256(parts[0] + ' ' + origin + ' ' + now + ' ' + given[1]) === given[0] ? 'unchanged' : 'changed';
  }

  // sha256 is FIPS 180-4's, of characters below 256, in hexadecimal.
  var primes = [], first = [], n, f;
  for (n = 2; primes.length < 64; n++) {
    for (f = 2; f * f <= n && n % f !== 0; f++);
    if (f * f > n) {
      if (first.length < 8) first.push(fraction(Math.sqrt(n)));
      primes.push(fraction(Math.pow(n, 1 / 3)));
    }
  }

  function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }

  function turn(x, by) { return (x >>> by) | (x << (32 - by)); }

  function words(text) {
    var out = [], blocks = (text.length + 8 >> 6) + 1;
    for (var i = 0; i < blocks * 16; i++) out[i] = 0;
    for (i = 0; i < text.length; i++) out[i >> 2] |= (text.charCodeAt(i) & 255) << (24 - i % 4 * 8);
    out[i >> 2] |= 128 << (24 - i % 4 * 8);
    out[out.length - 1] = text.length * 8;
    return out;
  }

  function sha256(text) {
    var h = first.slice(0), m = words(text), w = [], v, a, b, i, at;
    for (at = 0; at < m.length; at += 16) {
      v = h.slice(0);
      for (i = 0; i < 64; i++) {
        if (i < 16) {
          w[i] = m[at + i];
        } else {
          a = w[i - 15];
          b = w[i - 2];
          w[i] = ((turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10)) + w[i - 7] + w[i - 16]) | 0;
        }
        a = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + primes[i] + w[i];
        b = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        v = [(a + b) | 0, v[0], v[1], v[2], (v[3] + a) | 0, v[4], v[5], v[6]];
      }
      for (i = 0; i < 8; i++) h[i] = (h[i] + v[i]) | 0;
    }
    var out = '';
    for (i = 0; i < 8; i++) out += ('0000000' + (h[i] >>> 0).toString(16)).slice(-8);
    return out;
  }

  window.addEventListener('message', function (e) {
    if (e.source && e.origin && e.origin !== 'null') e.source.postMessage(answer(e.data, e.origin), e.origin);
  }, false);
})();
