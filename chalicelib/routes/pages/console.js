// The key lies in the tab's session storage: a reload finds it, another tab does not, and it goes
// when the tab is closed or somebody logs out.
const KEPT = "tessera.authorization";

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

const ui = SwaggerUIBundle({
  url: "../openapi.json",
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
  plugins: [keepsTheKey],
  onComplete: () => {
    const kept = sessionStorage.getItem(KEPT);
    if (kept) {
      ui.authActions.authorize(JSON.parse(kept));
    }
  }
});
