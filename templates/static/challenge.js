// What a script adds to a page with a challenge: the form's button waits until
// the answer is right.
(function () {
  'use strict';
  var doc = document;
  var box = doc.getElementById('challenge');
  if (!box) return;
  var answer = doc.getElementById('answer');
  var submit = doc.getElementById('submit');

  function hold(held) { if (submit) submit.disabled = held; }

  // Proof of work: in a worker, or without one in steps that leave the page alive.
  function work(task) {
    var data = task.dataset;
    var what = { salt: data.salt, parts: +data.parts, bits: +data.bits };
    var progress = doc.getElementById('progress');
    var numbers = [];
    function found(part, number) {
      numbers[part] = number;
      progress.value = part + 1;
      if (part + 1 < what.parts) return;
      answer.value = numbers.join('.');
      var passed = task.querySelector('[data-passed]');
      passed.textContent = passed.getAttribute('data-passed');
      hold(false);
    }
    function inSteps() {
      var script = doc.createElement('script');
      script.src = data.worker;
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
      var worker = new Worker(data.worker);
      worker.onmessage = function (event) { found(event.data.part, event.data.number); };
      worker.onerror = function () { worker.terminate(); inSteps(); };
      worker.postMessage(what);
    } catch (unsupported) {
      inSteps();
    }
  }

  if (box.getAttribute('data-kind') === 'pow') work(box.querySelector('.work'));
})();
