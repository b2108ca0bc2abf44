Redoc.init("openapi.json", {
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
      code: { fontFamily: "ui-monospace, monospace" }
    }
  }
}, document.getElementById("reference"));
