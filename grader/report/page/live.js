// What the page does that stays open while a watch goes on: it takes in each new report, keeps its reader's place, and
// plays pictures step by step. Without this script it is the static page.
"use strict";
(() => {
  const PACE = 900; // milliseconds for one step of a picture
  const now = document.getElementById("now");
  const news = document.getElementById("news");
  const shown = () => Number(document.body.dataset.run);

  // -- a new report ---------------------------------------------------------------------------------------------------

  // A name for an element that the next page has, too: the id of its check, and its number among its like in there.
  function nameOf(element, selector) {
    const home = element.closest("[id]") || document.body;
    return `${home.id} ${[...home.querySelectorAll(selector)].indexOf(element)}`;
  }

  function named(root, name, selector) {
    const [id, at] = name.split(" ");
    const home = id ? root.getElementById(id) : root.body;
    if (!home) return null;
    return Number(at) < 0 ? (home.matches(selector) ? home : null) : home.querySelectorAll(selector)[Number(at)];
  }

  const TARGETS = "summary, a, button, [tabindex]";

  // The first check that is in sight, and how far it is from the top.
  function place() {
    const checks = [...document.querySelectorAll(".check")];
    const first = checks.find((check) => check.getBoundingClientRect().bottom > 60);
    return first && window.scrollY > 0 ? { id: first.id, top: first.getBoundingClientRect().top } : null;
  }

  function keepOpen(next, firstBefore) {
    const before = new Map();
    for (const one of document.querySelectorAll("details")) before.set(nameOf(one, "details"), one.open);
    for (const [name, isOpen] of before) {
      const same = named(next, name, "details");
      if (!same) continue;
      const isFirst = same.open && same.id; // as the report has it
      const wasFirst = same.id && same.id === firstBefore;
      if (isFirst && !wasFirst) continue; // it opens by itself,
      if (wasFirst && !isFirst) continue; // and closes when another one is the first
      same.open = isOpen;
    }
  }

  let firstFailed = (document.querySelector("details.check[open]") || {}).id;

  async function takeIn() {
    const response = await fetch("", { cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    const where = place();
    const focused = document.activeElement && document.activeElement.matches(TARGETS)
      ? nameOf(document.activeElement, TARGETS) : null;
    const nextFirst = (next.querySelector("details.check[open]") || {}).id;
    stopAll();
    keepOpen(next, firstFailed);
    firstFailed = nextFirst;
    for (const part of ["header", "main", "footer"]) document.querySelector(part).replaceWith(next.querySelector(part));
    document.title = next.title;
    document.body.dataset.run = next.body.dataset.run;
    addPlayers();
    const check = where && document.getElementById(where.id);
    if (check) window.scrollBy(0, check.getBoundingClientRect().top - where.top);
    const target = focused && named(document, focused, TARGETS);
    if (target) target.focus({ preventScroll: true });
    const score = document.querySelector(".score strong");
    const since = [...document.querySelectorAll(".since li")].map((one) => one.textContent);
    news.textContent = [score ? score.textContent : document.title, ...since].join(". ");
  }

  let taking = false, wanted = false;

  // One after the other: of several reports that come meanwhile, the last is taken in.
  async function refresh() {
    wanted = true;
    if (taking) return;
    taking = true;
    try {
      while (wanted) {
        wanted = false;
        await takeIn();
      }
    } catch (error) {
      now.textContent = "The new report could not be loaded; load the page again.";
    } finally {
      taking = false;
    }
  }

  function hear(event) {
    const heard = JSON.parse(event.data);
    now.textContent = heard.now;
    if (heard.report !== shown()) refresh();
  }

  const events = new EventSource("events");
  events.addEventListener("grading", hear);
  events.addEventListener("graded", hear);
  events.addEventListener("ended", () => {
    events.close();
    now.textContent = "The watch has ended. This is its last report.";
  });
  events.onerror = () => {
    now.textContent = "The watch cannot be reached at present. This is its last report.";
  };

  // -- pictures, step by step -----------------------------------------------------------------------------------------

  const players = new Set();

  function stopAll() {
    for (const player of players) player.stop();
    players.clear();
  }

  function addPlayers() {
    for (const pictures of document.querySelectorAll(".pictures")) players.add(makePlayer(pictures));
  }

  function button(words, react) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.addEventListener("click", react);
    return made;
  }

  function makePlayer(pictures) {
    const drawings = [...pictures.querySelectorAll("svg.picture")].map((one) => [...one.querySelectorAll(".step")]);
    const total = drawings[0].length;
    const bar = document.createElement("div");
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    let at = total, timer = null;

    function show(next) {
      at = Math.max(0, Math.min(total, next));
      for (const steps of drawings) {
        steps.forEach((step, number) => {
          step.classList.toggle("ahead", number >= at);
          step.classList.toggle("latest", number === at - 1 && at < total);
        });
      }
      const step = at > 0 ? drawings[0][at - 1] : null;
      const words = step ? [...step.querySelectorAll("text:not(.clock)")].map((one) => one.textContent).join(" ") : "";
      said.textContent = at < total ? `${at} of ${total}${words ? `: ${words}` : ""}` : "";
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
    }

    function toggle() {
      if (timer !== null) return stop();
      show(at >= total ? 1 : at + 1);
      play.textContent = "Pause";
      timer = setInterval(() => {
        show(at + 1);
        if (at >= total) stop();
      }, PACE);
    }

    function go(next) {
      stop();
      show(next);
    }

    const play = button("Play", toggle);
    bar.className = "player";
    bar.append(
      play,
      button("Back", () => go(at - 1)),
      button("Step", () => go(at >= total ? 1 : at + 1)),
      button("All", () => go(total)),
      said,
    );
    pictures.prepend(bar);
    return { stop };
  }

  addPlayers();
})();
