#!/usr/bin/env node
// The command `live-session`: see docs/cli.md.

import { main } from "./cli/main.ts";

process.exitCode = await main(process.argv.slice(2));
