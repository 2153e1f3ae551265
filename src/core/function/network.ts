import { listValue } from '../typed/collection.ts';
import { listType, NUMBER, STRING } from '../typed/type.ts';
import { stringValue } from '../typed/typed.ts';
import { parameter, textOf } from './signature.ts';
import { FunctionProblem, type FunctionSpec } from './spec.ts';
import { integerOf } from './textual.ts';

/** A network: its first address as a number, and how many of its 32 or 128 bits are fixed. */
interface Network {
  readonly address: bigint;
  readonly bits: 32 | 128;
  readonly prefix: number;
}

/** Numbers of addresses are no longer than this: Go's parser gives up there. */
const MAX_NUMBER = 0xffffff;

/** Decimal numbers, leading zeros allowed and passed over as Terraform does. Null when it is no IPv4 address. */
function parseIpv4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let address = 0n;
  for (const part of parts) {
    if (!/^\d+$/.test(part) || Number(part) > 255) return null;
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

/** RFC 4291, section 2.2, with as many leading zeros as one likes. Null when it is no IPv6 address. */
function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups: (readonly number[])[] = [];
  for (const [index, half] of halves.entries()) {
    const found = parseGroups(half, index === halves.length - 1);
    if (found === null) return null;
    groups.push(found);
  }
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...head, ...Array<number>(missing).fill(0), ...tail].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string, last: boolean): readonly number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const address = parseIpv4(part);
      if (address === null) return null;
      groups.push(Number(address >> 16n), Number(address & 0xffffn));
    } else if (/^[0-9a-fA-F]+$/.test(part) && Number.parseInt(part, 16) <= 0xffff) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** The network of an address and prefix length, bits beyond the prefix cleared. Throws {@link FunctionProblem}. */
function parseCidr(source: string, argument: number | null = null): Network {
  const slash = source.indexOf('/');
  const length = source.slice(slash + 1);
  const host = source.slice(0, Math.max(slash, 0));
  const ipv4 = parseIpv4(host);
  const address = ipv4 ?? parseIpv6(host);
  const bits = ipv4 === null ? 128 : 32;
  const prefix = /^\d+$/.test(length) ? Number(length) : MAX_NUMBER;
  if (slash < 0 || host === '' || address === null || prefix > bits)
    throw new FunctionProblem(`invalid CIDR expression: invalid CIDR address: ${source}`, argument);
  return { address: masked(address, bits, prefix), bits, prefix };
}

function masked(address: bigint, bits: number, prefix: number): bigint {
  const free = BigInt(bits - prefix);
  return (address >> free) << free;
}

/** Whether it is an IPv4 address in IPv6's clothes, which Go takes for IPv4 in some places and not in others. */
function isMapped({ address, bits }: Pick<Network, 'address' | 'bits'>): boolean {
  return bits === 128 && address >> 32n === 0xffffn;
}

function ipv4Text(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

/** RFC 5952: the first of the longest runs of two or more zero groups is left out. */
function ipv6Text(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  ).join(':');
  let longest = '';
  for (const [run] of groups.matchAll(/\b0(?::0)+\b/g)) if (run.length > longest.length) longest = run;
  if (longest === '') return groups;
  const at = groups.search(new RegExp(`\\b${longest}\\b`));
  return `${groups.slice(0, at).replace(/:$/, '')}::${groups.slice(at + longest.length).replace(/^:/, '')}`;
}

function addressText(network: Pick<Network, 'address' | 'bits'>): string {
  if (network.bits === 32) return ipv4Text(network.address);
  return isMapped(network) ? ipv4Text(network.address & 0xffffffffn) : ipv6Text(network.address);
}

function networkText(network: Network): string {
  const prefix = isMapped(network) ? Math.max(0, network.prefix - 96) : network.prefix;
  return `${addressText(network)}/${prefix}`;
}

/** The number put into the bits of the address that end where the prefix ends; its sign and size are as go-cidr has them. */
function insert({ address, bits }: Network, number: bigint, prefix: number): bigint {
  const joined = address | (number << BigInt(bits - prefix));
  const size = joined < 0n ? -joined : joined;
  if (size >> BigInt(bits) !== 0n) throw new FunctionProblem('the number leads to an address that is too long');
  return size;
}

const low64 = (number: bigint): bigint => BigInt.asUintN(64, number < 0n ? -number : number);

const cidrhost: FunctionSpec = {
  name: 'cidrhost',
  parameters: [parameter('prefix', STRING), parameter('hostnum', NUMBER)],
  variadic: null,
  notNull: true,
  returns: () => STRING,
  call(args) {
    let number = integerOf(args, 1);
    const network = parseCidr(textOf(args, 0));
    const most = (1n << BigInt(network.bits - network.prefix)) - 1n;
    let size = BigInt.asIntN(64, low64(number));
    // Negative numbers count from the end.
    if (number < 0n) {
      size = -number - 1n;
      number = most - size;
    }
    if (size > most)
      throw new FunctionProblem(`prefix of ${network.prefix} does not accommodate a host numbered ${number}`);
    const bits = network.bits === 32 || isMapped(network) ? 32 : 128;
    return stringValue(addressText({ address: insert(network, number, bits), bits: network.bits }));
  },
};

const cidrnetmask: FunctionSpec = {
  name: 'cidrnetmask',
  parameters: [parameter('prefix', STRING)],
  variadic: null,
  notNull: true,
  returns: () => STRING,
  call(args) {
    const network = parseCidr(textOf(args, 0));
    if (network.bits === 128 && !isMapped(network))
      throw new FunctionProblem(`IPv6 addresses cannot have a netmask: ${textOf(args, 0)}`);
    const mask = masked((1n << BigInt(network.bits)) - 1n, network.bits, network.prefix);
    return stringValue(addressText({ address: mask, bits: network.bits }));
  },
};

const cidrsubnet: FunctionSpec = {
  name: 'cidrsubnet',
  parameters: [parameter('prefix', STRING), parameter('newbits', NUMBER), parameter('netnum', NUMBER)],
  variadic: null,
  notNull: true,
  returns: () => STRING,
  call(args) {
    const more = integerOf(args, 1);
    const number = integerOf(args, 2);
    const network = parseCidr(textOf(args, 0));
    if (BigInt(network.prefix) + more > BigInt(network.bits))
      throw new FunctionProblem(`insufficient address space to extend prefix of ${network.prefix} by ${more}`);
    const prefix = network.prefix + Number(more);
    if (prefix < 0) throw new FunctionProblem(`cannot shorten a prefix of ${network.prefix} by ${-more}`);
    if (more >= 0n && more < 64n && low64(number) >= 1n << more)
      throw new FunctionProblem(`prefix extension of ${more} does not accommodate a subnet numbered ${number}`);
    return stringValue(networkText({ address: insert(network, number, prefix), bits: network.bits, prefix }));
  },
};

const cidrsubnets: FunctionSpec = {
  name: 'cidrsubnets',
  parameters: [parameter('prefix', STRING)],
  variadic: parameter('newbits', NUMBER),
  notNull: true,
  returns: () => listType(STRING),
  call(args) {
    const network = parseCidr(textOf(args, 0), 0);
    const end = network.address + (1n << BigInt(network.bits - network.prefix));
    let next = network.address;
    let before: Network | null = null;
    const found = args.slice(1).map((_, index) => {
      const more = integerOf(args, index + 1, index + 1);
      if (more < 1n) throw new FunctionProblem('must extend prefix by at least one bit', index + 1);
      if (more > 32n) throw new FunctionProblem('may not extend prefix by more than 32 bits', index + 1);
      const prefix = network.prefix + Number(more);
      if (prefix > network.bits)
        throw new FunctionProblem(
          `would extend prefix to ${prefix} bits, which is too long for an ${network.bits === 32 ? 'IPv4' : 'IPv6'} address`,
          index + 1,
        );
      // Terraform begins with the network before the first one: at address zero there is none, and none that it finds among mapped ones.
      if (before === null && (network.address === 0n || isMapped(network)))
        throw new FunctionProblem(
          `not enough remaining address space for a subnet with a prefix of ${prefix} bits: Terraform makes none in a network that begins at address zero or is IPv4 mapped to IPv6; use cidrsubnet()`,
          index + 1,
        );
      const size = 1n << BigInt(network.bits - prefix);
      const address: bigint = ((next + size - 1n) / size) * size;
      if (address >= end)
        throw new FunctionProblem(
          `not enough remaining address space for a subnet with a prefix of ${prefix} bits after ${before === null ? 'the beginning' : networkText(before)}`,
          index + 1,
        );
      before = { address, bits: network.bits, prefix };
      next = address + size;
      return stringValue(networkText(before));
    });
    return listValue(STRING, found);
  },
};

/**
 * Functions of network addresses, IPv4 and IPv6 (RFC 4632, RFC 4291).
 * https://developer.hashicorp.com/terraform/language/functions/cidrhost and its siblings
 */
export const NETWORK_FUNCTIONS: readonly FunctionSpec[] = [cidrhost, cidrnetmask, cidrsubnet, cidrsubnets];
