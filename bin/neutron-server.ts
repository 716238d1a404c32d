import { runProgram } from './frame/program.ts';
import { server } from './frame/server.ts';

await runProgram(server);
