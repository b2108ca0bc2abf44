// The key lies in the tab's session storage: a reload finds it, another tab does not, and it goes
// when the tab is closed or somebody logs out.
const KEPT = "tessera.authorization";

const START = "Press *Authorize* and paste an API key, such as the one that `make serve` prints as "
  + "`TESSERA_API_KEY`; this tab keeps it until it is closed. Then open an operation, whose example "
  + "is filled in, and press *Execute*. The codes of the example clinic's vouchers and of its gift "
  + "card, a token of an entitlement, and the key of its sandbox, which has a clock, are printed "
  + "there too. What all operations have in common is "
  + "in the [reference](../docs).";

const keepsTheKey = {
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (carryOut) => (given) => {
          sessionStorage.setItem(KEPT, JSON.stringify(given));
          return carryOut(given);
        },
        logout: (carryOut) => (names) => {
          sessionStorage.removeItem(KEPT);
          return carryOut(names);
        }
      }
    }
  }
};

// The filter knows tags alone: here it finds operations, by any word of what they are and do.
const findsOperations = {
  fn: {
    opsFilter: (tags, phrase) => {
      const wanted = phrase.trim().toLowerCase();
      const found = (tag, each) => {
        const said = ["operationId", "summary", "description"];
        const words = said.map((name) => each.getIn(["operation", name]));
        return [tag, each.get("path"), ...words].join(" ").toLowerCase().includes(wanted);
      };
      return tags
        .map((each, tag) =>
          each.update("operations", (all) => all.filter((one) => found(tag, one))))
        .filter((each) => each.get("operations").size > 0);
    }
  }
};

// A code or a token is printed by the first `make serve`, and is another each time; the sample for a
// shell says under which name.  The one of an example is dead.
function tellOfCodes(operation) {
  const [shell] = operation["x-codeSamples"] || [];
  const sent = (shell?.source || "").split(" -d ")[1] || "";
  for (const name of new Set(sent.match(/TESSERA_\w+/g))) {
    operation.description += `\n\n**The example holds a code that is not good here.** Put in the one `
      + `that \`make serve\` prints as \`${name}\`, or one out of the answer that made it.`;
  }
}

// What happened long ago is refused, and what was sent before changes nothing: an example that is
// sent from here happens now, as another each time that the page is loaded.
function renewed(value) {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(renewed);
  }
  const parts = Object.entries(value).map(([name, each]) => [name, renewed(each)]);
  const now = { occurred_at: new Date().toISOString(), external_id: crypto.randomUUID() };
  return { ...Object.fromEntries(parts), ...("occurred_at" in value ? now : {}) };
}

function sendable(description) {
  for (const operation of Object.values(description.paths).flatMap(Object.values)) {
    const content = operation.requestBody?.content["application/json"];
    if (content) {
      content.example = renewed(content.example);
      tellOfCodes(operation);
    }
    const key = operation.parameters.find((each) => each.name === "Idempotency-Key");
    if (key?.required) {
      key.example = crypto.randomUUID();
    }
  }
  description.info.description = START;
  return description;
}

function show(description) {
  const ui = SwaggerUIBundle({
    spec: sendable(description),
    dom_id: "#console",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    persistAuthorization: false,
    plugins: [keepsTheKey, findsOperations],
    onComplete: () => {
      const kept = sessionStorage.getItem(KEPT);
      if (kept) {
        ui.authActions.authorize(JSON.parse(kept));
      }
    }
  });
}

fetch("../openapi.json").then((answer) => answer.json()).then(show);
