// What a script adds to pages that are whole without it. Written so that a
// browser of fifteen years ago can read it, and so that no fault of it matters.
(function () {
  'use strict';
  var doc = document;
  function each(selector, fn) {
    var found = doc.querySelectorAll(selector);
    for (var i = 0; i < found.length; i++) fn(found[i]);
  }

  // Show and hide what is typed into a password field.
  each('input[data-show]', function (input) {
    var box = doc.createElement('span');
    var button = doc.createElement('button');
    var label = doc.querySelector('label[for="' + input.id + '"]');
    var shown = false;
    function draw() {
      var text = input.getAttribute(shown ? 'data-hide' : 'data-show');
      input.type = shown ? 'text' : 'password';
      button.textContent = text;
      button.setAttribute('aria-label', text + ': ' + (label ? label.textContent : ''));
    }
    box.className = 'reveal';
    button.type = 'button';
    button.setAttribute('aria-controls', input.id);
    button.onclick = function () { shown = !shown; draw(); input.focus(); };
    input.parentNode.insertBefore(box, input);
    box.appendChild(input);
    box.appendChild(button);
    draw();
    if (input.autofocus) input.focus();
    // A browser must never save it as text that was typed.
    if (input.form) input.form.addEventListener('submit', function () { shown = false; draw(); });
  });

  // A logo that does not come leaves the letter below it.
  each('.logo img', function (img) {
    function drop() { if (img.parentNode) img.parentNode.removeChild(img); }
    img.addEventListener('error', drop);
    if (img.complete && !img.naturalWidth) drop();
  });

  // Times by the person's own clock.
  each('time[datetime]', function (time) {
    var at = new Date(time.getAttribute('datetime'));
    if (!at.toLocaleString || isNaN(at)) return;
    var form = { dateStyle: 'medium' };
    if (!time.hasAttribute('data-date')) form.timeStyle = 'short';
    if (time.getAttribute('datetime').indexOf('T') < 0) form.timeZone = 'UTC'; // a day, the same everywhere
    var lang = doc.documentElement.lang, own = navigator.language || '';
    // Of the page's language the variety that the person reads, such as en-GB.
    if (own.split('-')[0] === lang.split('-')[0]) lang = own;
    try {
      time.textContent = at.toLocaleString(lang, form);
    } catch (unsupported) { /* the time in UTC stays */ }
  });

  // A value that is to be copied elsewhere gets a button that does it.
  each('code[data-copy]', function (code) {
    if (!navigator.clipboard) return;
    var button = doc.createElement('button');
    var name = code.closest && code.closest('div') && code.closest('div').querySelector('dt');
    function draw(text) {
      button.textContent = text;
      button.setAttribute('aria-label', text + (name ? ': ' + name.textContent : ''));
    }
    button.type = 'button';
    button.className = 'quiet small';
    button.onclick = function () {
      navigator.clipboard.writeText(code.textContent).then(function () {
        draw(code.getAttribute('data-copied'));
        setTimeout(function () { draw(code.getAttribute('data-copy')); }, 2000);
      }, function () { /* it can be selected by hand */ });
    };
    draw(code.getAttribute('data-copy'));
    code.parentNode.insertBefore(button, code.nextSibling);
  });

  // The menu of languages closes by Escape and by a click elsewhere.
  each('details.languages', function (menu) {
    doc.addEventListener('click', function (event) {
      if (!menu.contains(event.target)) menu.removeAttribute('open');
    });
    menu.addEventListener('keydown', function (event) {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.removeAttribute('open');
      menu.querySelector('summary').focus();
    });
  });

  // A page that waits for something that happens elsewhere asks now and then,
  // and at once when it is looked at again. When it has happened the form goes on.
  each('form[data-wait]', function (form) {
    var pause = 2000, timer, asking, over;
    function ask() {
      if (asking || over) return;
      clearTimeout(timer);
      asking = true;
      var request = new XMLHttpRequest();
      request.open('GET', form.getAttribute('data-wait'));
      request.onloadend = function () {
        asking = false;
        var state;
        try { state = JSON.parse(request.responseText).state; } catch (unreadable) { /* ask again */ }
        over = state === 'active' || state === 'gone';
        if (state === 'active') form.submit();
        else if (state === 'gone') location.reload(); // the page says how to go on
        else timer = setTimeout(ask, pause = Math.min(pause * 1.05, 15000));
      };
      request.send();
    }
    ask();
    doc.addEventListener('visibilitychange', function () { if (!doc.hidden) ask(); });
    // Whoever sends another form of the page is not to be overtaken.
    doc.addEventListener('submit', function () { over = true; });
    // One that comes back out of the cache of back and forward asks anew.
    window.addEventListener('pageshow', function (event) { if (event.persisted) { over = false; ask(); } });
  });
})();
