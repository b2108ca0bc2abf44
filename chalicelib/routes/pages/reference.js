// The search reads titles, paths and descriptions.  So that a field is found too, the names of what
// an operation takes and answers stand in a comment of its description, which nobody sees.
function named(part, schemas, seen) {
  if (typeof part !== "object" || part === null) {
    return [];
  }
  const name = (part.$ref || "").split("/").pop();
  if (name in schemas && !seen.has(name)) {
    seen.add(name);
    return named(schemas[name], schemas, seen);
  }
  const own = Object.keys(part.properties || {});
  return own.concat(...Object.values(part).map((each) => named(each, schemas, seen)));
}

const TITLE_COUNTS = 6;

// A path as one types it, without what stands for ids: /v1/quotes for all that is done with quotes.
function typed(path) {
  const parts = path.split("/").slice(2).filter((each) => !each.startsWith("{"));
  return parts.map((each) => `/v1/${each}`).concat(`/v1/${parts.join("/")}`);
}

function searchable(path, operation, schemas) {
  const answers = Object.entries(operation.responses).filter(([status]) => status < "300");
  const parts = [operation.requestBody, answers.map(([, answer]) => answer.content)];
  const names = [operation.operationId, ...operation.parameters.map((each) => each.name)]
    .concat(named(parts, schemas, new Set()));
  const words = new Set(names.flatMap((each) => [each, ...each.split("_")]).concat(typed(path)));
  // The title says the first sentence.
  const more = operation.description.replace(`${operation.summary}. `, "");
  // What it is counts for more than what it is long-winded about: a long text ranks last.
  const title = `${operation.summary} `.repeat(TITLE_COUNTS);
  operation.description = `${more}\n\n<!-- ${title}${[...words].join(" ")} -->`;
}

// What a refusal with a code looks like; one made of the schema would have the members of them all.
function problem(status, code, answer) {
  const [, title] = answer.description.match(new RegExp("`" + code + "`: (.*?)(; `|$)"));
  return {
    type: `/problems/${code}`,
    title,
    status: Number(status),
    detail: "What is the matter, and what to do about it.",
    instance: "urn:tessera:request:<X-Request-Id>",
    code
  };
}

// A refusal whose codes a third of all operations share is told once, before the first of them.
function tellOnce(description, operations) {
  const answerOf = (each) =>
    each.$ref ? description.components.responses[each.$ref.split("/").pop()] : each;
  const times = {};
  const refusals = operations.flatMap((operation) => Object.entries(operation.responses)
    .filter(([status]) => status >= "400")
    .map(([status, each]) => ({ operation, status, answer: answerOf(each) })));
  for (const { answer } of refusals) {
    for (const code of answer["x-codes"] || []) {
      times[code] = (times[code] || 0) + 1;
    }
  }
  const told = {};
  for (const { operation, status, answer } of refusals) {
    const own = (answer["x-codes"] || []).find((code) => times[code] <= operations.length / 3);
    if (own) {
      answer.content["application/problem+json"].example = problem(status, own, answer);
    } else {
      delete operation.responses[status];
      told[status] = new Set([...(told[status] || []), ...answer.description.split(/; (?=`)/)]);
    }
  }
  const rows = Object.entries(told).map(([status, texts]) => `| ${status} | ${[...texts].join("; ")} |`);
  description.info.description += "\n# Refusals of most operations\n\nAn operation names below "
    + `what else it may refuse.\n\n| Status | Code and what it means |\n|---|---|\n${rows.join("\n")}\n`;
}

// An answer of two statuses has one form, which is shown once.
function showOnce(responses) {
  if (responses["200"] && responses["201"]) {
    responses["200"] = { description: `${responses["200"].description} The answer is as with 201.` };
  }
}

function readable(description) {
  const operations = Object.values(description.paths).flatMap(Object.values);
  operations.forEach((each) => showOnce(each.responses));
  tellOnce(description, operations);
  for (const [path, methods] of Object.entries(description.paths)) {
    Object.values(methods).forEach((each) => searchable(path, each, description.components.schemas));
  }
  delete description.info.summary;
  return description;
}

const SETTINGS = {
  scrollYOffset: "header",
  hideDownloadButton: true,
  hideHostname: true,
  hideRequestPayloadSample: true,
  hideSchemaPattern: true,
  nativeScrollbars: true,
  pathInMiddlePanel: true,
  requiredPropsFirst: true,
  expandResponses: "200,201",
  jsonSampleExpandLevel: "all",
  maxDisplayedEnumValues: 12,
  showExtensions: ["x-scope", "x-members-may"],
  theme: {
    typography: {
      fontSize: "15px",
      fontFamily: "system-ui, sans-serif",
      headings: { fontFamily: "system-ui, sans-serif", fontWeight: "600" },
      code: { fontFamily: "ui-monospace, monospace", wrap: true }
    }
  }
};

fetch("openapi.json")
  .then((answer) => answer.json())
  .then((found) => Redoc.init(readable(found), SETTINGS, document.getElementById("reference")));
