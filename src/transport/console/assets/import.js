// Imports a file of accounts part by part, and shows how far it is and what was refused.

// The gateway takes 500 records and 256 KiB at once, of which a form needs up to three times as much as the text.
const MAX_RECORDS = 100;
const MAX_BYTES = 60000;

// The records of a file, each with the line break at its end. A line break within quotes belongs to its record.
export function recordsOf(text, format) {
  const records = [];
  let start = 0;
  let isQuoted = false;
  for (let place = 0; place < text.length; place++) {
    if (format === "csv" && text[place] === '"') isQuoted = !isQuoted;
    if (text[place] === "\n" && !isQuoted) {
      records.push(text.slice(start, place + 1));
      start = place + 1;
    }
  }
  if (start < text.length) records.push(text.slice(start));
  return records.filter((record) => record.trim() !== "");
}

// Parts of a file. Each begins with the header line, if the format has one.
export function partsOf(text, format) {
  const records = recordsOf(text.replace(/^\uFEFF/, ""), format);
  const header = format === "csv" ? records.shift() ?? "" : "";
  const parts = [];
  let [part, count, bytes] = ["", 0, 0];
  const size = (record) => new TextEncoder().encode(record).length;
  for (const record of records) {
    const more = size(record);
    if (count === MAX_RECORDS || (count > 0 && bytes + more > MAX_BYTES)) {
      parts.push(header + part);
      [part, count, bytes] = ["", 0, 0];
    }
    part += record;
    count += 1;
    bytes += more;
  }
  // A file without records is sent too, so that the gateway checks its header.
  if (count > 0 || parts.length === 0) parts.push(header + part);
  return parts;
}

function addRow(table, cells) {
  const row = table.tBodies[0].insertRow();
  for (const text of cells) {
    const mark = document.createElement("bdi");
    mark.textContent = text;
    row.insertCell().append(mark);
  }
}

async function send(form, format, text) {
  const fields = new URLSearchParams({ csrf: form.elements.csrf.value, format, text });
  fields.set("ignore_columns", form.elements.ignore_columns.value);
  if (form.elements.dry_run.checked) fields.set("dry_run", "1");
  const response = await fetch(form.action, { method: "POST", body: fields });
  // To the page for signing in.
  if (response.redirected) throw new Error(document.getElementById("problem").dataset.signedOut);
  if (!response.headers.get("content-type")?.includes("json")) throw new Error(`HTTP ${response.status}`);
  const answer = await response.json();
  if (answer.error) throw new Error(answer.error);
  return answer;
}

async function run(form) {
  const [progress, summary, table] = ["progress", "summary", "refused"].map((id) => document.getElementById(id));
  const [problem, button] = [document.getElementById("problem"), form.querySelector("button")];
  const file = form.elements.file.files[0];
  if (!file) return;
  const format = /\.(jsonl|ndjson)$/i.test(file.name) ? "jsonl" : "csv";
  const parts = partsOf(await file.text(), format);
  let [done, created, refused] = [0, 0, 0];
  const show = () => {
    summary.textContent = `${summary.dataset.records}: ${done}. ${summary.dataset.created}: ${created}. ${summary.dataset.refused}: ${refused}.`;
  };
  table.tBodies[0].replaceChildren();
  problem.hidden = true;
  progress.hidden = false;
  progress.max = parts.length;
  button.disabled = true;
  try {
    for (const [index, part] of parts.entries()) {
      progress.value = index;
      show();
      const answer = await send(form, format, part);
      for (const one of answer.refused) addRow(table, [done + one.record, one.name, one.reason]);
      done += answer.records;
      created += answer.created;
      refused += answer.refused.length;
    }
    progress.value = parts.length;
  } catch (error) {
    problem.textContent = `${problem.dataset.after} ${done}: ${error.message}`;
    problem.hidden = false;
  } finally {
    show();
    document.getElementById("refused-list").hidden = refused === 0;
    button.disabled = false;
  }
}

export function importFiles() {
  const form = document.getElementById("import");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run(form);
  });
}
