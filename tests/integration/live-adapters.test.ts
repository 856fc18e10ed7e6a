// One suite for every live adapter.

import { liveAdapters } from "../support/live-adapters.ts";
import { liveAdapterSuite } from "../support/live-suite.ts";

for (const adapter of liveAdapters) liveAdapterSuite(adapter);
