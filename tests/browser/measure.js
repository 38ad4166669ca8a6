// Measures each frame: texts that overlap, that lie outside the page, that are too faint to read, and
// what cannot be reached with the keyboard.
"use strict";

function visible(element, view) {
  const style = view.getComputedStyle(element);
  return style.visibility !== "hidden" && style.display !== "none";
}

function texts(document, view) {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !visible(node.parentElement, view)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = range.getClientRects();
    for (const box of boxes) {
      // Kept off the screen until it has the focus.
      if (box.right <= 0 || box.width < 1) continue;
      found.push({ node, box, whole: boxes.length === 1 });
    }
  }
  return found;
}

function clips(element, view) {
  for (let at = element; at; at = at.parentElement) {
    if (["auto", "scroll"].includes(view.getComputedStyle(at).overflowX)) return at;
  }
  return null;
}

function channels(colour) {
  return colour.match(/[\d.]+/g).map(Number);
}

function luminance([r, g, b]) {
  const part = (value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}

function background(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const colour = channels(view.getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
}

function contrast(element, view) {
  const pair = [luminance(channels(view.getComputedStyle(element).color)), luminance(background(element, view))];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}

function measure(frame) {
  const document = frame.contentDocument;
  const view = frame.contentWindow;
  const width = document.documentElement.clientWidth;
  const result = {
    width, texts: 0, overlaps: [], touching: [], outside: [], faint: [], unreachable: [], dead_links: [], focusable: 0, scrolls: 0,
  };
  const all = texts(document, view);
  result.texts = all.length;
  const show = (text) => text.node.data.trim().slice(0, 60);
  all.sort((a, b) => a.box.top - b.box.top);
  all.forEach((a, at) => {
    for (let next = at + 1; next < all.length; next += 1) {
      const b = all[next];
      if (b.box.top >= a.box.bottom) break;
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      // Words of different elements without a blank between them.
      const [left, right] = a.box.left < b.box.left ? [a, b] : [b, a];
      const letters = /[\p{L}\p{N}]$/u.test(left.node.data) && /^[\p{L}\p{N}]/u.test(right.node.data);
      if (a.whole && b.whole && letters && down > 4 && Math.abs(right.box.left - left.box.right) < 1) {
        result.touching.push([show(left), show(right)]);
      }
      // The boxes of adjoining lines may share a hair: a font is taller than its letters.
      if (across > 1.5 && down > 4) result.overlaps.push([show(a), show(b), across, down]);
    }
    if (!clips(a.node.parentElement, view) && (a.box.right > width + 1 || a.box.left < -1)) {
      result.outside.push([show(a), a.box.left, a.box.right]);
    }
    const ratio = contrast(a.node.parentElement, view);
    if (ratio < 4.5) result.faint.push([show(a), ratio]);
  });
  if (document.documentElement.scrollWidth > width + 1) {
    result.outside.push(["the page", 0, document.documentElement.scrollWidth]);
  }
  for (const element of document.querySelectorAll("*")) {
    const scrolls = clips(element, view) === element && element.scrollWidth > element.clientWidth + 1;
    if (scrolls) result.scrolls += 1;
    if (scrolls && element.tabIndex < 0) result.unreachable.push(element.className);
    if (element.tabIndex >= 0) result.focusable += 1;
  }
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) result.dead_links.push(link.hash);
  }
  result.brightness = luminance(background(document.body, view));
  return result;
}

addEventListener("load", () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.getElementById("result").textContent = JSON.stringify(frames.map(measure));
});
