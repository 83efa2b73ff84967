// A server of npm modbus-serial. Values come as lines on stdin and are packed by Node's own Buffer:
// `TYPE ORDER ADDRESS VALUE`, `coil - ADDRESS 1`, `discrete - ADDRESS 1`; `go` starts it.
"use strict";
const path = require("path");
const readline = require("readline");
const modules = process.env.MODBUS_SERIAL_MODULES;
const ServerTCP = require(path.join(modules, "modbus-serial", "servers", "servertcp.js"));

const port = Number(process.argv[2]);
const words = new Uint16Array(65536);
const bits = { coil: new Uint8Array(65536), discrete: new Uint8Array(65536) };

const WRITE = {
  int16: ["Int16", 2, Number], uint16: ["UInt16", 2, Number],
  int32: ["Int32", 4, Number], uint32: ["UInt32", 4, Number], float32: ["Float", 4, Number],
  int64: ["BigInt64", 8, BigInt], uint64: ["BigUInt64", 8, BigInt], float64: ["Double", 8, Number],
};

function packed(type, order, text) {
  if (type === "string") {
    const buffer = Buffer.from(text, "base64");
    return order === "BA" ? buffer.swap16() : buffer;
  }
  const [name, size, parse] = WRITE[type];
  const little = order === "DCBA" || order === "CDAB" || order === "BA";
  const buffer = Buffer.alloc(size);
  buffer[`write${name}${little ? "LE" : "BE"}`](parse(text));
  return order === "BADC" || order === "CDAB" ? buffer.swap16() : buffer;
}

function set([type, order, place, text]) {
  const address = Number(place);
  if (type in bits) {
    bits[type][address] = Number(text);
    return;
  }
  const buffer = packed(type, order, text);
  for (let at = 0; at < buffer.length; at += 2) words[address + at / 2] = buffer.readUInt16BE(at);
}

const vector = {
  getHoldingRegister: (address) => words[address],
  getInputRegister: (address) => words[address],
  getCoil: (address) => bits.coil[address] === 1,
  getDiscreteInput: (address) => bits.discrete[address] === 1,
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  if (line !== "go") {
    set(line.split(" "));
    return;
  }
  const server = new ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
  server.on("initialized", () => console.log("ready"));
  server.on("socketError", () => {});
});
