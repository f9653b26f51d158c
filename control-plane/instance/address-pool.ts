/** Addresses of a subnet that an instance may have: all but the network, the gateway (the first) and broadcast. */
export function addressPool(subnet: string): { first: number; last: number; bits: number } {
  const [base = "", length = ""] = subnet.split("/");
  const bits = Number(length);
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(base) || !Number.isInteger(bits) || bits < 8 || bits > 29) {
    throw new Error(`"${subnet}" is not a subnet that addresses can be taken from, like 10.213.0.0/20.`);
  }
  const size = 2 ** (32 - bits);
  const network = Math.floor(toNumber(base) / size) * size;
  return { first: network + 2, last: network + size - 2, bits };
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
