// The rule for a new password ticks while it is typed, and a meter says how
// good it is. The script counts length and kinds itself; for the rest, and for
// the verdict, it asks the server, which will be asked again when the form is
// sent. What is typed goes into the body of a request and nowhere else.
(function () {
  'use strict';
  var doc = document;
  var pause = 300; // milliseconds without typing, before the server is asked

  function matcher(property, otherwise) {
    try { return new RegExp('\\p{' + property + '}', 'u'); } catch (old) { return otherwise; }
  }
  var upper = matcher('Lu', /[A-Z]/), title = matcher('Lt', /[]/), letter = matcher('L', /[a-z]/);
  var digit = matcher('Nd', /[0-9]/), mark = matcher('M', /[]/);

  function points(text) {
    if (text.normalize) text = text.normalize('NFC');
    return Array.from ? Array.from(text) : text.split('');
  }

  function kinds(characters) {
    var found = {};
    characters.forEach(function (c) {
      if (upper.test(c) || title.test(c)) found.upper = 1;
      else if (letter.test(c)) found.lower = 1;
      else if (digit.test(c)) found.digit = 1;
      else if (!mark.test(c)) found.symbol = 1;
    });
    return Object.keys(found).length;
  }

  function part(box) {
    var input = box.querySelector('input[name="password"]');
    var status = box.querySelector('.strength');
    var rules = box.querySelectorAll('[data-rule]');
    var met = box.querySelector('[data-met]').getAttribute('data-met');
    var timer, request;
    function number(name) { return Number(box.getAttribute('data-' + name)); }

    // tick marks a rule as met (true), not met (false), or not known (null).
    function tick(item, known) {
      var said = item.querySelector('span');
      if (known) {
        if (!said) {
          said = doc.createElement('span');
          said.className = 'out-of-sight';
          said.textContent = ' (' + met + ')';
          item.appendChild(said);
        }
      } else if (said) item.removeChild(said);
      if (known === null) item.removeAttribute('data-state');
      else item.setAttribute('data-state', known ? 'met' : 'unmet');
    }

    function show(strength) {
      if (strength) box.setAttribute('data-strength', strength);
      else box.removeAttribute('data-strength');
      status.textContent = strength ? status.getAttribute('data-' + strength) : '';
      if (strength && strength !== 'weak') forgive();
      if (strength !== 'weak') return;
      var open = doc.createElement('span'); // what is missing is seen above, and heard here
      open.className = 'out-of-sight';
      for (var i = 0; i < rules.length; i++) {
        if (rules[i].getAttribute('data-state') === 'unmet') open.textContent += ' ' + rules[i].textContent + '.';
      }
      status.appendChild(open);
    }

    // forgive takes back what the form found in the password before.
    function forgive() {
      var fault = doc.getElementById(input.id + '-fault');
      if (!fault || fault.hidden) return;
      fault.hidden = true;
      input.removeAttribute('aria-invalid');
      box.querySelector('.field').classList.remove('faulty');
    }

    function answered(verdict) {
      for (var i = 0; i < rules.length; i++) {
        var name = rules[i].getAttribute('data-rule');
        var flawed = verdict.flaws.indexOf(name) >= 0 ||
          (name === 'length' && (verdict.flaws.indexOf('short') >= 0 || verdict.flaws.indexOf('long') >= 0));
        tick(rules[i], !flawed);
      }
      show(verdict.strength);
    }

    function ask() {
      request = new XMLHttpRequest();
      var asked = request;
      asked.open('POST', box.getAttribute('data-check'));
      asked.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
      asked.onload = function () {
        if (asked !== request || asked.status !== 200) return;
        try { answered(JSON.parse(asked.responseText)); } catch (broken) { /* the form will tell */ }
      };
      asked.send('password=' + encodeURIComponent(input.value) + '&about=' + encodeURIComponent(box.getAttribute('data-about') || ''));
    }

    function typed() {
      clearTimeout(timer);
      if (request) { request.abort(); request = null; }
      var characters = points(input.value);
      var long = characters.length >= number('least') && characters.length <= number('most');
      for (var i = 0; i < rules.length; i++) {
        var name = rules[i].getAttribute('data-rule');
        if (!characters.length) tick(rules[i], null);
        else if (name === 'length') tick(rules[i], long);
        else if (name === 'kinds') tick(rules[i], characters.length >= number('free') || kinds(characters) >= number('kinds'));
        else if (!long) tick(rules[i], null);
      }
      if (!characters.length) show('');
      else if (!long) timer = setTimeout(function () { show('weak'); }, pause);
      else if (box.getAttribute('data-check')) timer = setTimeout(ask, pause);
    }
    input.addEventListener('input', typed);
    if (input.value) typed();
  }

  var boxes = doc.querySelectorAll('.new-password');
  for (var i = 0; i < boxes.length; i++) part(boxes[i]);
})();
