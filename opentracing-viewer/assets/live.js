"use strict";
// New traces, as a button that shows them, or at once while the reader follows.
(() => {
  const by = (id) => document.getElementById(id);
  const news = by("news");
  const auto = by("auto");
  if (!news || !window.EventSource) return;
  let source;
  let timer;
  let following = false;
  let spoken = 0;

  const say = (text) => {
    // At most one message in five seconds.
    if (Date.now() - spoken < 5000) return;
    spoken = Date.now();
    by("status").textContent = text;
  };

  // Swaps the parts of the page that depend on the traces, so that the form keeps what was typed.
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement?.closest?.("tr[data-trace]")?.dataset.trace;
    for (const selector of ["#results", "#count", ".timeline", "#services"]) {
      const old = document.querySelector(selector);
      const fresh = page.querySelector(selector);
      if (old && fresh) old.replaceWith(fresh);
    }
    if (focused) document.querySelector(`tr[data-trace="${CSS.escape(focused)}"] a`)?.focus();
    by("results").dispatchEvent(new Event("viewer:replaced", { bubbles: true }));
    news.hidden = true;
  };

  const look = async () => {
    timer = undefined;
    if (following) {
      await refresh();
      say(by("count").textContent);
      return;
    }
    const answer = await fetch(`/count${location.search}`);
    if (!answer.ok) return;
    const { total, evicted } = await answer.json();
    const shown = by("count").dataset;
    // Old traces that leave would be taken off the number of new ones.
    const known = evicted === Number(shown.evicted);
    const fresh = total - Number(shown.total);
    if (known && fresh <= 0) return;
    news.textContent = known ? `${fresh} new trace${fresh === 1 ? "" : "s"}` : "new traces";
    news.hidden = false;
    say(news.textContent);
  };
  const soon = () => { timer ??= setTimeout(look, 300); };

  const open = () => {
    source = new EventSource("/events");
    // Whatever came between the page and this stream is not told again.
    source.addEventListener("open", () => { document.documentElement.dataset.live = "open"; soon(); });
    source.addEventListener("spans", soon);
    source.addEventListener("missed", soon);
  };
  const close = () => { source?.close(); source = undefined; delete document.documentElement.dataset.live; };

  news.addEventListener("click", refresh);
  auto.hidden = false;
  auto.addEventListener("click", () => {
    following = !following;
    auto.setAttribute("aria-pressed", String(following));
    if (following) refresh();
  });
  // Browsers open few connections to one host.
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else if (!source) open(); });
  window.addEventListener("pagehide", close);
  if (!document.hidden) open();
})();
