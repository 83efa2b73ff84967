// An OPC UA server for tests, steered by JSON lines on standard input; answers by JSON lines.
// Start: node server.js '{"port":4840,"count":10,...}'. Every answer carries the `id` of its request.
"use strict";
const path = require("path");
const modules = process.env.NODE_OPCUA_MODULES;
const opcua = require(modules ? path.join(modules, "node-opcua") : "node-opcua");
const { DataType, StatusCodes, Variant, VariantArrayType, coerceNodeId } = opcua;

const URI = "urn:gateway-test:line";
const options = JSON.parse(process.argv[2] || "{}");
let server = null;
let space = null;
let ns = null;
let folder = null;
let line = [];
let extra = new Map();
let timer = null;
let tick = 0;
const truth = [];

function status(name) {
  return name ? StatusCodes[name] : StatusCodes.Good;
}

function variant(type, value) {
  if (type === "Int64" || type === "UInt64") {
    const big = BigInt(value);
    const bits = BigInt.asUintN(64, big);
    return new Variant({
      dataType: DataType[type],
      arrayType: VariantArrayType.Scalar,
      value: [Number(bits >> 32n), Number(bits & 0xffffffffn)],
    });
  }
  if (type === "DateTime") return new Variant({ dataType: DataType.DateTime, value: new Date(value) });
  if (type === "ByteString") return new Variant({ dataType: DataType.ByteString, value: Buffer.from(value, "hex") });
  if (type === "LocalizedText") return new Variant({ dataType: DataType.LocalizedText, value: { text: value } });
  if (type === "Point" || type === "Shot") {
    if (value.Raw) value = { ...value, Raw: Buffer.from(value.Raw, "hex") };
    return new Variant({ dataType: DataType.ExtensionObject, value: space.constructExtensionObject(dataType(type), value) });
  }
  if (Array.isArray(value)) {
    return new Variant({ dataType: DataType[type], arrayType: VariantArrayType.Array, value });
  }
  return new Variant({ dataType: DataType[type], value });
}

function dataType(name) {
  return space.findDataType(name, space.getNamespaceIndex("urn:gateway-test:types"));
}

function addDouble(name, value) {
  const node = ns.addVariable({
    componentOf: folder,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: "Double",
    minimumSamplingInterval: 0,
  });
  node.setValueFromSource({ dataType: DataType.Double, value });
  return node;
}

function addTyped(name, type, value) {
  const node = ns.addVariable({
    componentOf: folder,
    browseName: name,
    nodeId: `s=${name}`,
    dataType: type === "Point" || type === "Shot" ? dataType(type).nodeId : type,
    valueRank: Array.isArray(value) ? 1 : -1,
    minimumSamplingInterval: 0,
  });
  node.setValueFromSource(variant(type, value));
  extra.set(name, { node, type });
  return node;
}

function beat() {
  tick += 1;
  const now = new Date();
  truth.push([tick, now.getTime()]);
  if (truth.length > 20000) truth.shift();
  for (let i = 0; i < line.length; i++) {
    line[i].setValueFromSource({ dataType: DataType.Double, value: i * 1e6 + tick }, StatusCodes.Good, now);
  }
}

function setRate(ms) {
  if (timer) clearInterval(timer);
  timer = ms > 0 ? setInterval(beat, ms) : null;
}

async function start(shift) {
  const users = options.users || null;
  const settings = {
    port: options.port,
    hostname: "127.0.0.1",
    resourcePath: "/",
    buildInfo: { productName: "gateway-test" },
    allowAnonymous: !users || options.anonymous === true,
    securityPolicies: options.secure
      ? ["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"].map((p) => opcua.SecurityPolicy[p])
      : [opcua.SecurityPolicy.None],
    securityModes: options.secure
      ? [opcua.MessageSecurityMode.None, opcua.MessageSecurityMode.Sign, opcua.MessageSecurityMode.SignAndEncrypt]
      : [opcua.MessageSecurityMode.None],
    userManager: users
      ? { isValidUser: (user, password) => users[user] !== undefined && users[user] === password }
      : undefined,
    serverCapabilities: {
      maxSessions: 50,
      maxMonitoredItemsQueueSize: 1000,
      operationLimits: options.limits || {},
    },
    disableDiscovery: true,
    nodeset_filename: options.types
      ? [opcua.nodesets.standard, path.join(__dirname, "types.xml")]
      : [opcua.nodesets.standard],
  };
  if (options.pki) {
    settings.serverCertificateManager = new opcua.OPCUACertificateManager({
      rootFolder: options.pki,
      automaticallyAcceptUnknownCertificate: options.acceptUnknown !== false,
    });
    settings.userCertificateManager = new opcua.OPCUACertificateManager({
      rootFolder: options.pki + "-user",
      automaticallyAcceptUnknownCertificate: true,
    });
    await settings.serverCertificateManager.initialize();
    await settings.userCertificateManager.initialize();
  }
  server = new opcua.OPCUAServer(settings);
  await server.initialize();
  space = server.engine.addressSpace;
  if (shift) space.registerNamespace("urn:gateway-test:in-between");
  ns = space.registerNamespace(URI);
  folder = ns.addFolder("ObjectsFolder", { browseName: "Line", nodeId: "s=Line" });
  line = [];
  extra = new Map();
  for (let i = 0; i < (options.count || 0); i++) line.push(addDouble(`D${i}`, i * 1e6 + tick));
  for (const [name, type, value] of options.typed || []) addTyped(name, type, value);
  if (options.history) {
    for (const name of options.history) {
      space.installHistoricalDataNode(findNode(name), { maxOnlineValues: 100000 });
    }
  }
  await server.start();
  setRate(options.rateMs || 0);
}

function findNode(name) {
  return space.findNode(`ns=${ns.index};s=${name}`);
}

function state() {
  const found = [];
  for (const session of Object.values(server.engine._sessions || {})) {
    const subscriptions = session.publishEngine ? session.publishEngine.subscriptions : [];
    for (const s of subscriptions) {
      found.push({
        id: s.id,
        items: s.monitoredItemCount,
        unacknowledged: s.getAvailableSequenceNumbers(),
        enabled: s.publishingEnabled,
      });
    }
  }
  return { subscriptions: found, sessions: server.engine.currentSessionCount, tick };
}

const commands = {
  async set({ name, value, type, bad, at }) {
    const known = extra.get(name);
    const node = known ? known.node : findNode(name);
    const kind = type || (known ? known.type : "Double");
    node.setValueFromSource(variant(kind, value), status(bad), at ? new Date(at) : new Date());
    return {};
  },
  async beat({ times }) {
    for (let i = 0; i < (times || 1); i++) beat();
    return { tick };
  },
  async rate({ ms }) {
    setRate(ms);
    return { tick };
  },
  async add({ name, type, value }) {
    if (type) addTyped(name, type, value);
    else line.push(addDouble(name, value || 0));
    return {};
  },
  async remove({ name }) {
    const node = findNode(name);
    line = line.filter((other) => other !== node);
    extra.delete(name);
    space.deleteNode(node);
    return {};
  },
  async restart({ shift, down }) {
    setRate(0);
    await server.shutdown(0);
    await new Promise((done) => setTimeout(done, down || 0));
    await start(shift);
    return {};
  },
  async truth() {
    return { truth };
  },
  async state() {
    return state();
  },
  async end_subscriptions() {
    for (const session of Object.values(server.engine._sessions || {})) {
      for (const s of [...session.publishEngine.subscriptions]) s.terminate();
    }
    return {};
  },
};

async function main() {
  await start(false);
  process.stdout.write(JSON.stringify({ ready: true, uri: URI, index: ns.index }) + "\n");
  const lines = require("readline").createInterface({ input: process.stdin });
  for await (const text of lines) {
    const request = JSON.parse(text);
    let answer;
    try {
      answer = await commands[request.cmd](request);
    } catch (error) {
      answer = { error: String(error && error.stack ? error.stack : error) };
    }
    process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + "\n");
  }
  await server.shutdown(0);
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(String(error && error.stack ? error.stack : error) + "\n");
  process.exit(1);
});
