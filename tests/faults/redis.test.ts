import { faultSuite } from "../support/faults/suite.ts";

faultSuite("redis");
