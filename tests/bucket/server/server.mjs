// An S3 server on a free port of this machine. Checks signatures. Prints its port, and then each request: the method and
// the address.
//
// node server.mjs FOLDER BUCKET
import { createServer } from "node:http";
import S3rver from "s3rver";

const [directory, bucket] = process.argv.slice(2);
const s3 = new S3rver({
  directory,
  silent: true,
  configureBuckets: [{ name: bucket }],
});
await s3.configureBuckets();
const answer = s3.callback();
const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  answer(request, response);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
