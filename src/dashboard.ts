// live-session/dashboard: what goes on in the sessions, as a page.

export { createDashboard, type Dashboard } from "./dashboard/dashboard.ts";
export type { DashboardOptions, DashboardRequest } from "./dashboard/options.ts";
