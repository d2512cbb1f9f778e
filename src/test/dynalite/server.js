// DynamoDB's stand-in on a free loopback port, which it prints. It ends when its parent does: the pipe closes then.
const server = require('dynalite')({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
// dynalite throws when a client leaves in the middle of a request, which a client may do at any time.
const left = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);
process.on('uncaughtException', (error) => {
  if (!left.has(error.code)) {
    console.error(error);
    process.exit(1);
  }
});
server.listen(0, '127.0.0.1', () => console.log('dynamodb ' + server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
