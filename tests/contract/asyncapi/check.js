// Parses an AsyncAPI document, its protobuf schemas included, and prints what is wrong; the file comes on standard input.
// NODE_PATH leads to what package-lock.json names.
const {Parser} = require("@asyncapi/parser");
const {ProtoBuffSchemaParser} = require("@asyncapi/protobuf-schema-parser");

const ERROR = 0, WARNING = 1;

async function check(text) {
  const parser = new Parser();
  parser.registerSchemaParser(ProtoBuffSchemaParser());
  const {document, diagnostics} = await parser.parse(text);
  const wrong = diagnostics.filter((one) => one.severity === ERROR || one.severity === WARNING);
  for (const one of wrong) console.log(`${one.path.join("/")}: ${one.message}`);
  if (document === undefined || wrong.length > 0) process.exit(1);
  const payloads = document.allMessages().filter((message) => message.hasPayload());
  console.log(JSON.stringify({
    channels: document.allChannels().length,
    operations: document.allOperations().length,
    messages: document.allMessages().length,
    properties: payloads.map((message) => Object.keys(message.payload().properties() || {}).length),
  }));
}

let text = "";
process.stdin.on("data", (piece) => { text += piece; });
process.stdin.on("end", () => check(text));
