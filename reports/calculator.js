// The bylaws calculator: judges the page's simulated votes under thresholds that the reader moves.
//
// Judging is in whole numbers, as ratification.answers.judging does it; the Monte Carlo error is
// that of ratification.inference.numerics (Vehtari et al. 2021, eq. 10 to 13); words are those of
// ratification.output.wording. A test holds all three to the Python they repeat.
"use strict";

/* ---- words ---- */

function percent(p, mcse) {
  if (p < 0.01) return "<1%";
  if (p > 0.99) return ">99%";
  const text = fixed(100 * p, mcse <= 0.001 ? 1 : 0) + "%";
  if (text === "100%" || text === "100.0%") return ">99%";
  return text === "0%" || text === "0.0%" ? "<1%" : text;
}

// As Python rounds, to none or one digit: exact halves go to the even digit, where toFixed sends
// them up. Of binary fractions only odd halves lie between whole numbers, odd quarters between tenths.
function fixed(value, digits) {
  const half = (value * (digits ? 4 : 2)) % 2 === 1;
  if (!half) return value.toFixed(digits);
  const scale = 10 ** digits;
  const below = Math.floor(value * scale);
  return ((below + (below % 2)) / scale).toFixed(digits);
}

function errorText(mcse) {
  const points = 100 * mcse;
  return points < 0.1 ? "±0.1" : `±${(Math.ceil(10 * points) / 10).toFixed(1)}`;
}

function pointsText(difference, mcse) {
  const digits = mcse <= 0.001 ? 1 : 0;
  const value = 100 * difference;
  if (Math.abs(value) < 0.5 * 10 ** -digits) return "no difference";
  const sign = value > 0 ? "+" : "\u2212";
  if (Math.abs(value) > 99) return `more than ${sign}99 points`;
  return `${sign}${fixed(Math.abs(value), digits)} points ${errorText(mcse)}`;
}

function frequency(p) {
  if (p < 0.01) return "fewer than 1 of 100 simulated votes";
  if (p > 0.99) return "more than 99 of 100 simulated votes";
  return `${Math.min(99, Math.max(1, Number(fixed(100 * p, 0))))} of 100 simulated votes`;
}

/* ---- judging ---- */

const COMPARE = {
  at_least: (left, right) => left >= right,
  more_than: (left, right) => left > right,
  at_most: (left, right) => left <= right,
  less_than: (left, right) => left < right,
};

function unpacked(packed) {
  if (typeof packed === "number") return packed;
  const bytes = Uint8Array.from(atob(packed.data), (sign) => sign.charCodeAt(0));
  const kinds = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  return new kinds[packed.kind](bytes.buffer);
}

class Votes {
  constructor(data, count) {
    this.count = count;
    this.chains = data.chains;
    this.period = data.period;
    this.unions = data.unions;
    this.measures = data.measures;
    this.vetoes = data.vetoes;
    this.arrays = data.arrays.map(unpacked);
  }

  // Whether a rule holds, by simulated vote.
  judge(rule, abstaining) {
    if (rule.kind === "condition") return this.compare(rule, abstaining);
    if (rule.kind === "veto") {
      const values = this.arrays[this.vetoes[rule.union]];
      return Uint8Array.from({ length: this.count }, (_, i) => (typeof values === "number" ? values : values[i]));
    }
    const parts = rule.parts.map((part) => this.judge(part, abstaining));
    const held = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++) {
      if (rule.kind === "not") held[i] = parts[0][i] ? 0 : 1;
      else if (rule.kind === "all") held[i] = parts.every((part) => part[i]) ? 1 : 0;
      else held[i] = parts.some((part) => part[i]) ? 1 : 0;
    }
    return held;
  }

  compare(rule, abstaining) {
    const [above, below] = this.measures[`${rule.measure}|${rule.share}|${abstaining}`.toLowerCase()].map(
      (index) => this.arrays[index],
    );
    const test = COMPARE[rule.comparison];
    const held = new Uint8Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const top = typeof above === "number" ? above : above[i];
      const bottom = Math.max(typeof below === "number" ? below : below[i], 1);
      held[i] = test(top * rule.bottom, bottom * rule.top) ? 1 : 0;
    }
    return held;
  }

  // Probability and Monte Carlo error: what answers.estimates.estimate gives.
  estimate(held) {
    let hits = 0;
    for (const one of held) hits += one;
    if (hits === 0 || hits === this.count) {
      const unseen = 0.5 / (this.count + 1);
      return { probability: hits === 0 ? unseen : 1 - unseen, mcse: unseen };
    }
    return { probability: hits / this.count, mcse: this.errorOf(held) };
  }

  // How much more often the first holds than the second in the same votes: answers.estimates.difference.
  difference(first, second) {
    const apart = Int8Array.from(first, (one, i) => one - second[i]);
    return { value: sum(apart) / this.count, mcse: this.errorOf(apart) };
  }

  // Monte Carlo error of a mean over the votes, from the chains' effective number of draws.
  errorOf(values) {
    const draws = this.byDraw(values);
    const all = draws.flat();
    const mean = sum(all) / all.length;
    const variance = sum(all.map((x) => (x - mean) ** 2)) / (all.length - 1);
    return Math.sqrt(variance / effectiveSize(draws));
  }

  // Means by posterior draw, as chains.
  byDraw(values) {
    const sums = new Float64Array(this.period);
    const counts = new Float64Array(this.period);
    for (let i = 0; i < this.count; i++) {
      sums[i % this.period] += values[i];
      counts[i % this.period] += 1;
    }
    const length = Math.floor(this.period / this.chains);
    return Array.from({ length: this.chains }, (_, chain) =>
      Array.from({ length }, (_, draw) => {
        const at = draw * this.chains + chain;
        return sums[at] / counts[at];
      }),
    );
  }
}

function sum(values) {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function effectiveSize(chains) {
  const half = Math.floor(chains[0].length / 2);
  const size = chains.length * chains[0].length;
  if (half < 4) return size;
  const split = [...chains.map((c) => c.slice(0, half)), ...chains.map((c) => c.slice(-half))];
  const means = split.map((c) => sum(c) / half);
  const flat = split.flat();
  if (flat.every((x) => x === flat[0])) return size;
  const covariance = (lag) => {
    let total = 0;
    split.forEach((c, k) => {
      for (let i = lag; i < half; i++) total += (c[i] - means[k]) * (c[i - lag] - means[k]);
    });
    return total / half / split.length;
  };
  const within = (covariance(0) * half) / (half - 1);
  const grand = sum(means) / means.length;
  const between = sum(means.map((m) => (m - grand) ** 2)) / (means.length - 1);
  const total = (within * (half - 1)) / half + between;
  const rho = (lag) => (lag === 0 ? 1 : 1 - (within - covariance(lag)) / total);
  return (split.length * half) / geyerTime(rho, half, split.length * half);
}

// Geyer's initial monotone sequence, ended as in ArviZ.
function geyerTime(rho, length, count) {
  const last = Math.floor((length - 3) / 2);
  let time = -1;
  let least = Infinity;
  let stop = 0;
  let pair = rho(0) + rho(1);
  while (stop < last && pair > 0) {
    least = Math.min(least, pair);
    time += 2 * least;
    stop += 1;
    pair = rho(2 * stop) + rho(2 * stop + 1);
  }
  const ended = rho(2 * stop);
  time += pair >= 0 ? ended : Math.max(ended, 0);
  return Math.max(time, 1 / Math.log10(count));
}

/* ---- the form ---- */

const WORDS = { at_least: "at least", more_than: "more than", at_most: "at most", less_than: "less than" };
const JOINED = { all: "All of these", any: "Any of these", not: "Not" };

class Calculator {
  constructor(form) {
    this.form = form;
    this.data = JSON.parse(document.getElementById(form.dataset.for).textContent);
    this.votes = new Map(this.data.scenarios.map((s) => [s.id, new Votes(s, this.data.worlds)]));
    form.hidden = false;
    form.elements.reading.addEventListener("change", () => this.start());
    form.elements.scenario?.addEventListener("change", () => this.start());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector("button[type=reset]").addEventListener("click", (event) => {
      event.preventDefault();
      this.start();
    });
    this.start();
  }

  get scenario() {
    return this.form.elements.scenario?.value ?? this.data.scenarios[0].id;
  }

  // Back to a reading as it is written.
  start() {
    this.reading = this.data.readings.find((reading) => reading.key === this.form.elements.reading.value);
    this.rule = structuredClone(this.reading.rule);
    this.moved = false;
    const place = this.form.querySelector(".thresholds");
    place.replaceChildren(this.part(this.rule));
    this.answer();
  }

  part(rule) {
    if (rule.kind === "condition") return this.threshold(rule);
    const box = document.createElement("div");
    if (rule.kind === "veto") {
      box.textContent = `${rule.name} approves`;
      return box;
    }
    box.className = "group";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", JOINED[rule.kind]);
    const head = document.createElement("div");
    head.textContent = `${JOINED[rule.kind]}:`;
    box.append(head, ...rule.parts.map((part) => this.part(part)));
    return box;
  }

  threshold(rule) {
    const box = document.createElement("div");
    box.className = "threshold";
    const name = `${rule.measure}, ${WORDS[rule.comparison]}`;
    const caption = document.createElement("div");
    caption.textContent = name;
    const pair = document.createElement("div");
    pair.className = "pair";
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = rule.share ? 100 : Math.floor(this.votes.get(this.scenario).unions);
    slider.step = 1;
    slider.value = ((rule.share ? 100 : 1) * rule.top) / rule.bottom;
    slider.setAttribute("aria-label", name);
    const typed = document.createElement("input");
    typed.type = "text";
    typed.inputMode = "decimal";
    typed.value = rule.text;
    typed.setAttribute("aria-label", `${name}, typed`);
    const say = () => slider.setAttribute("aria-valuetext", typed.value);
    say();
    slider.addEventListener("input", () => {
      [rule.top, rule.bottom] = [Number(slider.value), rule.share ? 100 : 1];
      typed.value = rule.share ? `${slider.value}%` : slider.value;
      typed.classList.remove("wrong");
      typed.removeAttribute("aria-invalid");
      say();
      this.moved = true;
      this.answer();
    });
    typed.addEventListener("input", () => {
      const read = fraction(typed.value, rule.share, Number(slider.max));
      typed.classList.toggle("wrong", !read);
      typed.setAttribute("aria-invalid", String(!read));
      if (!read) return this.refuse(typed.value, rule.share);
      [rule.top, rule.bottom] = read;
      slider.value = ((rule.share ? 100 : 1) * read[0]) / read[1];
      say();
      this.moved = true;
      this.answer();
    });
    pair.append(slider, typed);
    box.append(caption, pair);
    return box;
  }

  refuse(text, share) {
    this.form.querySelector("output").textContent = "";
    this.form.querySelector(".words").textContent = share
      ? `“${text}” is no share: write 80%, 66.7% or 2/3`
      : `“${text}” is no number of unions`;
    this.form.querySelector(".compared").textContent = "";
  }

  answer() {
    const votes = this.votes.get(this.scenario);
    const standing = this.reading.standing[this.scenario];
    const held = votes.judge(this.rule, this.reading.abstaining);
    const found = votes.estimate(held);
    const settled = !this.moved && standing !== "open";
    const said = settled ? (standing === "ratified" ? "100%" : "0%") : percent(found.probability, found.mcse);
    this.form.querySelector("output").textContent = settled ? said : `${said} ${errorText(found.mcse)}`;
    this.form.querySelector(".words").textContent = settled
      ? `${standing} by arithmetic`
      : `${frequency(found.probability)} ${frequency(found.probability).startsWith("1 ") ? "ratifies" : "ratify"}`;
    const before = votes.judge(this.reading.rule, this.reading.abstaining);
    const apart = votes.difference(held, before);
    this.form.querySelector(".compared").textContent = this.moved
      ? `As written: ${standing === "open" ? percent(votes.estimate(before).probability, votes.estimate(before).mcse) : standing}. In the same simulated votes: ${pointsText(apart.value, apart.mcse)}.`
      : "These are the bylaws as written.";
    this.form.dataset.probability = String(settled ? Number(standing === "ratified") : found.probability);
    this.form.dataset.difference = String(apart.value);
    this.form.dataset.differenceMcse = String(apart.mcse);
    this.form.dataset.mcse = String(settled ? 0 : found.mcse);
  }
}

// "14", "80%", "66.7%", "2/3" as an exact fraction of whole numbers; null where it is none.
function fraction(text, share, most) {
  const said = text.trim();
  const parts = said.match(/^(\d{1,6})\s*\/\s*(\d{1,6})$/);
  const number = said.match(/^(\d{1,6})(?:[.,](\d{1,4}))?\s*(%?)$/);
  let read = null;
  if (parts && Number(parts[2]) > 0) read = [Number(parts[1]), Number(parts[2])];
  else if (number && (share || !number[3])) {
    const scale = 10 ** (number[2] ?? "").length;
    read = [Number(number[1]) * scale + Number(number[2] ?? 0), scale * (share ? 100 : 1)];
  }
  return read && read[0] / read[1] <= (share ? 1 : most) ? read : null;
}
