// Goes on when the frames of the apps that are told of the sign-out are loaded,
// and after five seconds in any case. Old browsers run this, too.
(function () {
  var link = document.getElementById('go-on');
  function go() {
    if (link) window.location.replace(link.href);
    link = null;
  }
  window.onload = go;
  window.setTimeout(go, 5000);
})();
