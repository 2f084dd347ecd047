"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const perPage = 40;
let start = 0;

const element = (name, text, style) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (style) made.className = style;
  return made;
};
const offer = (select, values) => values.forEach((value) => select.append(new Option(value, value)));
const different = (values) => [...new Set(values)];

const outcomes = (row) => {
  const chosen = find("model") ? find("model").value : "";
  return chosen === "" ? row.models : [row.models[data.models.indexOf(chosen)]];
};
const kept = {
  all: () => true,
  wrong: (row) => outcomes(row).some((one) => one.score !== null && one.score < 1),
  right: (row) => outcomes(row).some((one) => one.score === 1),
  failures: (row) => outcomes(row).some((one) => one.outcome !== "answered"),
  cut: (row) => outcomes(row).some((one) => one.outcome === "answered" && one.cut),
  differ: (row) => different(row.models.map((one) => one.score)).length > 1,
};

function matching() {
  const words = find("search").value.toLowerCase();
  return data.rows.filter((row) =>
    (find("benchmark").value === "" || row.benchmark === find("benchmark").value) &&
    (find("category").value === "" || row.category.includes(find("category").value)) &&
    kept[find("show").value](row) &&
    (words === "" || [row.id, row.prompt, ...row.models.map((one) => one.reply)].join("\n").toLowerCase().includes(words)));
}

function replyOf(one, name) {
  const style = one.score === null ? "" : one.score === 1 ? "right" : "wrong";
  const box = element("div", undefined, `reply ${style}`);
  const score = one.score === null ? one.outcome : `score ${Number(one.score.toFixed(3))}`;
  box.append(element("small", `${name}: ${score}${one.cut ? ", cut off" : ""}`));
  box.append(element("pre", one.outcome === "answered" ? one.reply || "(empty reply)" : one.reason || "not asked yet"));
  return box;
}

function card(row) {
  const made = element("article");
  const pictures = element("div", undefined, row.images.length > 1 ? "pictures many" : "pictures");
  row.images.forEach((digest, number) => {
    if (!(digest in data.pictures)) return;
    const picture = element("img");
    picture.src = `data:image/jpeg;base64,${data.pictures[digest]}`;
    picture.alt = `picture ${number + 1} of question ${row.id}`;
    pictures.append(picture);
  });
  const words = element("div");
  const tags = element("div");
  [row.benchmark, ...row.category].forEach((name) => tags.append(element("span", name, "tag")));
  tags.append(element("small", row.id));
  words.append(tags, element("pre", row.prompt), element("div", `right answer: ${row.answer}`));
  row.models.forEach((one, place) => words.append(replyOf(one, data.models[place])));
  made.append(pictures, words);
  return made;
}

function show() {
  const rows = matching();
  start = Math.max(0, Math.min(start, Math.floor((rows.length - 1) / perPage) * perPage));
  const shown = rows.slice(start, start + perPage);
  const lost = data.leftOut ? `; ${data.leftOut} pictures left out for size` : "";
  find("count").textContent = rows.length
    ? `${start + 1} to ${start + shown.length} of ${rows.length}${lost}` : `none of ${data.rows.length}${lost}`;
  find("questions").replaceChildren(...shown.map(card));
  find("back").disabled = start === 0;
  find("on").disabled = start + perPage >= rows.length;
}

function categories() {
  const chosen = find("benchmark").value;
  const rows = data.rows.filter((row) => chosen === "" || row.benchmark === chosen);
  find("category").replaceChildren(new Option("all categories", ""));
  offer(find("category"), different(rows.flatMap((row) => row.category)).sort());
}

offer(find("benchmark"), different(data.rows.map((row) => row.benchmark)));
if (find("model")) offer(find("model"), different(data.models));
categories();
for (const id of ["benchmark", "category", "show", "model", "search"]) {
  if (!find(id)) continue;
  find(id).addEventListener("input", () => {
    start = 0;
    if (id === "benchmark") categories();
    show();
  });
}
const turn = (by) => () => { start += by; show(); find("questions").scrollIntoView(); };
find("back").addEventListener("click", turn(-perPage));
find("on").addEventListener("click", turn(perPage));
show();
