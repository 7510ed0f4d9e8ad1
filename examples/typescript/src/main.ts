// node dist/main.js http://127.0.0.1:8081 NAME PASSWORD
import { Gateway } from "./gateway.js";

declare const process: { argv: string[] };

const [server, name, password] = process.argv.slice(2) as [string, string, string];
const gateway = new Gateway(server);
await gateway.logIn(name, password, "browser-1");
await gateway.rename("张伟😀");
const user = await gateway.info();
const { data } = await gateway.infoInProtobuf();
console.log(`user ${user.userId} is ${user.nickname}, in protobuf ${data?.name} with avatar ${data?.avatarId}`);
const close = gateway.stayOnline(
  user.userId,
  (cmd, seq) => {
    console.log(`${cmd} ${seq}`);
    close();
  },
  () => console.log("the socket is closed"),
);
