// Prism on an OpenAPI description: answers that fit their schema, from examples, without state.
//
//     node server.mjs DESCRIPTION
//
// Listens on a free loopback port, prints it as one JSON line, and ends when its standard input does.

import prismCore from "@stoplight/prism-core";
import prismHttp from "@stoplight/prism-http";
import prismServer from "@stoplight/prism-http-server";

const operations = await prismHttp.getHttpOperationsFromSpec(process.argv[2]);
const server = prismServer.createServer(operations, {
  cors: false,
  components: { logger: prismCore.createLogger("prism", { level: "silent" }) },
  // As Prism's own command line sets them when it is given nothing but a description.
  config: {
    isProxy: false,
    validateRequest: true,
    validateResponse: true,
    checkSecurity: true,
    errors: false,
    mock: { dynamic: false, ignoreExamples: false },
  },
});
console.log(JSON.stringify({ http: await server.listen(0, "127.0.0.1") }));
process.stdin.resume().on("end", () => process.exit(0));
