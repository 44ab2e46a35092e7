// The receipt of a cut-off that still goes on: followed until it is complete. Without it the page loads itself anew.
import { follow } from "./job.js";

follow("receipt");
