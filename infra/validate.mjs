// Checks templates against AWS's resource schemas, offline: node validate.mjs template.json …
// Prints what is wrong and ends with 1 if anything is.
import { CelEngine, TemplateFile } from "@aws/cloudformation-validate";

// W3005: the CDK names a role among what a function depends on, beside the reference that says so already.
const PASSED_OVER = ["W3005"];

const engine = new CelEngine();
let wrong = 0;
for (const file of process.argv.slice(2)) {
  for (const found of engine.validateStandard(new TemplateFile(file)).diagnostics) {
    if (["WARN", "ERROR", "FATAL"].includes(found.severity) && !PASSED_OVER.includes(found.ruleId)) {
      wrong++;
      console.log(`${file}: ${found.severity} ${found.ruleId} ${found.message} ${found.propertyPath ?? ""} line ${found.startLine ?? "?"}`);
    }
  }
}
engine.free();
process.exit(wrong === 0 ? 0 : 1);
