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

function searchable(description) {
  for (const methods of Object.values(description.paths)) {
    for (const operation of Object.values(methods)) {
      const answers = Object.entries(operation.responses).filter(([status]) => status < "300");
      const parts = [operation.requestBody, answers.map(([, answer]) => answer.content)];
      const names = operation.parameters.map((each) => each.name)
        .concat(named(parts, description.components.schemas, new Set()));
      const words = new Set(names.flatMap((each) => [each, ...each.split("_")]));
      operation.description += `\n\n<!-- ${[...words].join(" ")} -->`;
    }
  }
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
  .then((found) => Redoc.init(searchable(found), SETTINGS, document.getElementById("reference")));
