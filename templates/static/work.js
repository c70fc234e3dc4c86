// Proof of work, in a worker: for each part, the first number whose digest
// begins with enough bits of zero. It is told {salt, parts, bits} and tells
// {part, number} as it goes. Without a worker, challenge.js calls the same code
// in small steps.
(function (root) {
  'use strict';
  var K = [], i, n = 2;
  // The constants of SHA-256 (FIPS 180-4 §4.2.2): fractions of roots of primes.
  function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
  var H0 = [];
  for (; K.length < 64; n++) {
    for (i = 2; i * i <= n; i++) if (n % i === 0) break;
    if (i * i <= n) continue;
    if (H0.length < 8) H0.push(fraction(Math.pow(n, 1 / 2)));
    K.push(fraction(Math.pow(n, 1 / 3)));
  }
  var w = new Int32Array(64);

  // The first 32 bits of the digest of an ASCII text shorter than 56 characters:
  // one block.
  function head(text) {
    var t, a, b, c, d, e, f, g, h, x, y, s;
    for (t = 0; t < 16; t++) w[t] = 0;
    for (t = 0; t < text.length; t++) w[t >> 2] |= text.charCodeAt(t) << (24 - (t & 3) * 8);
    w[t >> 2] |= 128 << (24 - (t & 3) * 8);
    w[15] = text.length * 8;
    for (t = 16; t < 64; t++) {
      x = w[t - 15]; y = w[t - 2];
      w[t] = (w[t - 16] + w[t - 7] +
        ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
    }
    a = H0[0]; b = H0[1]; c = H0[2]; d = H0[3]; e = H0[4]; f = H0[5]; g = H0[6]; h = H0[7];
    for (t = 0; t < 64; t++) {
      s = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
        (e & f ^ ~e & g) + K[t] + w[t]) | 0;
      h = g; g = f; f = e; e = (d + s) | 0;
      s = (s + ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c)) | 0;
      d = c; c = b; b = a; a = s;
    }
    return (H0[0] + a) >>> 0;
  }

  // Looks at the numbers from start on, many of them, and returns the first that
  // is right, or -1.
  root.signetWork = function (task, part, start, many) {
    var below = Math.pow(2, 32 - task.bits), prefix = task.salt + ':' + part + ':';
    for (var number = start; number < start + many; number++) {
      if (head(prefix + number) < below) return number;
    }
    return -1;
  };

  if (typeof root.document !== 'undefined') return;
  root.onmessage = function (event) {
    var task = event.data;
    for (var part = 0; part < task.parts; part++) {
      root.postMessage({ part: part, number: root.signetWork(task, part, 0, Infinity) });
    }
  };
})(self);
