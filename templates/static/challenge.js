// What a script adds to a page with a challenge: the piece that moves, an answer
// that is checked as it is given, and a form whose button waits for it.
(function () {
  'use strict';
  var doc = document;
  var box = doc.getElementById('challenge');
  if (!box) return;
  var answer = doc.getElementById('answer');
  var submit = doc.getElementById('submit');
  var fault = doc.getElementById('answer-fault');
  var passed = box.querySelector('[data-passed]');
  var kind = box.getAttribute('data-kind');

  function field(name) { return answer.form.querySelector('[name="' + name + '"]'); }
  function hold(held) { if (submit) submit.disabled = held; }
  function say(text) {
    fault.hidden = !text;
    fault.textContent = text;
  }
  function pass() {
    say('');
    passed.textContent = passed.getAttribute('data-passed');
    hold(false);
  }

  // Takes the pictures of another challenge.
  function renew(id) {
    var old = field('challenge').value;
    field('challenge').value = id;
    ['src', 'srcset'].forEach(function (name) {
      [].forEach.call(box.querySelectorAll('[' + name + ']'), function (shown) {
        shown.setAttribute(name, shown.getAttribute(name).replace(old, id));
        if (shown.load) shown.load();
      });
    });
  }

  // Asks whether the answer is right; without one, for another challenge.
  function ask(given, done) {
    var call = new XMLHttpRequest();
    var fields = { answer: given, purpose: box.getAttribute('data-purpose') };
    ['flow', 'challenge', 'other-challenge'].forEach(function (name) { fields[name] = field(name).value; });
    call.open('POST', box.getAttribute('data-check'));
    call.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    call.onload = function () {
      if (call.status === 429) { say(box.getAttribute('data-limited')); return done(null); }
      if (call.status !== 200) { location.href = box.querySelector('.again').href; return; }
      var verdict = JSON.parse(call.responseText);
      if (!verdict.solved) renew(verdict.challenge);
      done(verdict);
    };
    call.onerror = function () { done(null); };
    call.send(Object.keys(fields).map(function (name) {
      return name + '=' + encodeURIComponent(fields[name]);
    }).join('&'));
  }

  [].forEach.call(box.querySelectorAll('.again'), function (link) {
    link.addEventListener('click', function (event) {
      event.preventDefault();
      say('');
      ask('', function () {
        if (kind === 'slider') answer.value = 0;
        else answer.value = '';
        answer.dispatchEvent(new Event('input'));
        answer.focus();
      });
    });
  });

  // The piece follows the slider, and can be dragged itself. Its place is
  // checked when it is let go; by keyboard, with Enter.
  function slide() {
    var scene = box.querySelector('.scene'), piece = box.querySelector('.piece');
    var hint = doc.getElementById('answer-hint');
    var pointed = false, busy = false, from = null, held = false, next = null;
    function draw() { piece.style.left = answer.value / 4.8 + '%'; }
    function check(byKeyboard) {
      if (busy || answer.disabled) return;
      busy = true;
      ask(answer.value, function (verdict) {
        busy = false;
        if (verdict && verdict.solved) {
          answer.disabled = true;
          box.className += ' done';
          pass();
          if (byKeyboard) goOn();
          return;
        }
        if (verdict) say(fault.getAttribute('data-wrong'));
        answer.value = 0;
        draw();
      });
    }
    // The focus goes on when Enter is let go, or it would press the button, too.
    function goOn() {
      if (held) next = goOn;
      else if (submit) submit.focus();
    }
    doc.addEventListener('keyup', function () {
      held = false;
      if (next) next();
      next = null;
    });
    hint.textContent = hint.getAttribute('data-hint');
    answer.addEventListener('input', draw);
    ['pointerdown', 'mousedown', 'touchstart'].forEach(function (name) {
      answer.addEventListener(name, function () { pointed = true; });
    });
    answer.addEventListener('change', function () {
      if (pointed) check(false);
      pointed = false;
    });
    answer.addEventListener('keydown', function (event) {
      pointed = false;
      if (event.key !== 'Enter') return;
      event.preventDefault();
      held = true;
      check(true);
    });
    piece.addEventListener('pointerdown', function (event) {
      if (answer.disabled) return;
      event.preventDefault();
      piece.setPointerCapture(event.pointerId);
      from = { x: event.clientX, value: +answer.value };
    });
    piece.addEventListener('pointermove', function (event) {
      if (!from) return;
      answer.value = from.value + (event.clientX - from.x) * 480 / scene.clientWidth;
      draw();
    });
    piece.addEventListener('pointerup', function () {
      if (from) check(false);
      from = null;
    });
    piece.addEventListener('pointercancel', function () { from = null; });
    box.className += ' live';
    hold(true);
    draw();
  }

  // Proof of work: in a worker, or without one in steps that leave the page alive.
  function work() {
    var task = box.querySelector('.work');
    function data(name) { return task.getAttribute('data-' + name); }
    var what = { salt: data('salt'), parts: +data('parts'), bits: +data('bits') };
    var progress = doc.getElementById('progress');
    var numbers = [];
    function found(part, number) {
      numbers[part] = number;
      progress.value = part + 1;
      if (part + 1 < what.parts) return;
      answer.value = numbers.join('.');
      pass();
    }
    function inSteps() {
      var script = doc.createElement('script');
      script.src = data('worker');
      script.onload = function () {
        var part = 0, start = 0, many = 2000;
        (function step() {
          var number = self.signetWork(what, part, start, many);
          start += many;
          if (number >= 0) { found(part++, number); start = 0; }
          if (part < what.parts) setTimeout(step, 0);
        })();
      };
      doc.head.appendChild(script);
    }
    hold(true);
    try {
      var worker = new Worker(data('worker'));
      worker.onmessage = function (event) { found(event.data.part, event.data.number); };
      worker.onerror = function () { worker.terminate(); inSteps(); };
      worker.postMessage(what);
    } catch (unsupported) {
      inSteps();
    }
  }

  // A form that is sent twice at once would find its challenge spent.
  var sent = false;
  answer.form.addEventListener('submit', function (event) {
    if (sent) event.preventDefault();
    sent = true;
    setTimeout(function () { sent = false; }, 3000); // it may have been stopped
  });

  if (kind === 'slider') slide();
  if (kind === 'pow') work();
})();
