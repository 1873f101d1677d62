#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""generate.py DIR: hwloc XML of machines that stand for what sites have, with GPUs and fabric, for tests.

Not copies of anybody's machine: the shape is what matters (which device hangs off which NUMA node), and every
number in it is made here. Not here: machines without devices, which tests describe in hwloc's synthetic notation.
"""
import pathlib
import sys
from xml.sax.saxutils import quoteattr

NVIDIA, AMD, INTEL, MELLANOX, ASPEED = 0x10DE, 0x1002, 0x8086, 0x15B3, 0x1A03


class Machine:
    """Sockets of NUMA nodes of L3 groups of cores of threads; devices are attached to NUMA nodes."""

    def __init__(self, sockets, numas, l3s, cores, threads, devices=(), gpu_memory=0, sparse=1, missing=()):
        self.sockets, self.numas, self.l3s, self.cores, self.threads = sockets, numas, l3s, cores, threads
        self.devices = devices  # (numa node, kind): kind gpu-nvidia, gpu-amd, nic, bmc
        self.gpu_memory = gpu_memory  # NUMA nodes that are GPUs' memory, one per GPU of the first ones
        self.sparse = sparse  # distance between the kernel's CPU numbers
        self.missing = set(missing)  # cores that are offline, by logical number
        self.id = 0

    def number(self, core, thread):
        """Linux numbers the first threads of all cores first."""
        total = self.sockets * self.numas * self.l3s * self.cores
        return (thread * total + core) * self.sparse

    def cpus_of(self, cores):
        return [self.number(c, t) for t in range(self.threads) for c in cores if c not in self.missing]

    def attributes(self, **given):
        self.id += 1
        given["gp_index"] = self.id
        return " ".join(f"{k}={quoteattr(str(v))}" for k, v in given.items())

    def sets(self, cpus, nodes):
        c, n = bitmap(cpus), bitmap(nodes)
        return {"cpuset": c, "complete_cpuset": c, "nodeset": n, "complete_nodeset": n}

    def device(self, kind, bus):
        vendor, klass = {
            "gpu-nvidia": (NVIDIA, 0x0302), "gpu-amd": (AMD, 0x0380), "nic": (MELLANOX, 0x0207),
            "bmc": (ASPEED, 0x0300),
        }[kind]
        address = f"0000:{bus:02x}:00.0"
        inner = ""
        if kind == "nic":
            self.nics += 1
            inner = f'<object type="OSDev" {self.attributes(name=f"mlx5_{self.nics - 1}", osdev_type=3)}/>'
        return (f'<object type="PCIDev" pci_busid="{address}" pci_type="{klass:04x} [{vendor:04x}:0001] [0000:0000] 00"'
                f' pci_link_speed="0" {self.attributes()}>{inner}</object>')

    def bridge(self, devices):
        if not devices:
            return ""
        first, last = min(b for _, b in devices), max(b for _, b in devices)
        inner = "".join(self.device(kind, bus) for kind, bus in devices)
        return (f'<object type="Bridge" {self.attributes()} bridge_type="0-1" depth="0" '
                f'bridge_pci="0000:[{first:02x}-{last:02x}]">{inner}</object>')

    def xml(self):
        self.nics = 0
        buses = [(numa, kind, 0x10 + i) for i, (numa, kind) in enumerate(self.devices)]
        per_numa = self.l3s * self.cores
        all_nodes = list(range(self.sockets * self.numas + self.gpu_memory))
        everything = list(range(self.sockets * self.numas * per_numa))
        body, core = "", 0
        for socket in range(self.sockets):
            inside = ""
            first_node = socket * self.numas
            for numa in range(first_node, first_node + self.numas):
                mine = [numa] + [n for n in all_nodes[self.sockets * self.numas:]
                                 if n % (self.sockets * self.numas) == numa]
                cores = list(range(numa * per_numa, (numa + 1) * per_numa))
                memory = f'<object type="NUMANode" os_index="{numa}" {self.named(cores, [numa])} local_memory="64000000000"/>'
                for node in mine[1:]:
                    memory += (f'<object type="NUMANode" subtype="GPUMemory" os_index="{node}" '
                               f'{self.named(cores, [node])} local_memory="16000000000"/>')
                caches = ""
                for _ in range(self.l3s):
                    own = [c for c in range(core, core + self.cores)]
                    core += self.cores
                    caches += (f'<object type="L3Cache" {self.named(own, mine)} cache_size="33554432" depth="3" '
                               f'cache_linesize="64" cache_associativity="16" cache_type="0">'
                               + "".join(self.core(c, mine) for c in own if c not in self.missing) + "</object>")
                io = self.bridge([(kind, bus) for n, kind, bus in buses if n == numa])
                inside += f'<object type="Group" {self.named(cores, mine)} kind="1001" subkind="0">{memory}{caches}{io}</object>'
            cores = list(range(socket * self.numas * per_numa, (socket + 1) * self.numas * per_numa))
            nodes = [n for n in all_nodes if n % (self.sockets * self.numas) // self.numas == socket]
            body += f'<object type="Package" os_index="{socket}" {self.named(cores, nodes)}>{inside}</object>'
        sets = self.sets(self.cpus_of(everything), all_nodes)
        root = " ".join(f"{k}={quoteattr(v)}" for k, v in sets.items())
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n<topology version="2.0">\n'
                f'<object type="Machine" os_index="0" {root} allowed_cpuset={quoteattr(sets["cpuset"])} '
                f'allowed_nodeset={quoteattr(sets["nodeset"])} {self.attributes()}>{body}</object>\n</topology>\n')

    def named(self, cores, nodes):
        return self.attributes(**self.sets(self.cpus_of(cores), nodes))

    def core(self, number, nodes):
        pus = "".join(
            f'<object type="PU" os_index="{self.number(number, t)}" '
            f'{self.attributes(**self.sets([self.number(number, t)], nodes))}/>' for t in range(self.threads))
        return f'<object type="Core" os_index="{number}" {self.named([number], nodes)}>{pus}</object>'


def bitmap(numbers):
    """hwloc's notation: words of 32 bits, the highest first."""
    words = [0] * (max(numbers, default=0) // 32 + 1)
    for number in numbers:
        words[number // 32] |= 1 << number % 32
    return ",".join(f"0x{word:08x}" for word in reversed(words))


def spread(kind, count, numas):
    return [(i * numas // count, kind) for i in range(count)]


MACHINES = {
    # name: what it is like
    "hgx-8gpu": Machine(2, 1, 1, 48, 2, spread("gpu-nvidia", 8, 2) + spread("nic", 8, 2) + [(0, "bmc")]),
    "hgx-8gpu-snc": Machine(2, 2, 1, 28, 2, spread("gpu-nvidia", 8, 4) + spread("nic", 8, 4)),
    "superchip-4gpu": Machine(4, 1, 1, 72, 1, spread("gpu-nvidia", 4, 4) + spread("nic", 4, 4), gpu_memory=4),
    # A GPU's number says nothing about its place: as on nodes with four dies per GPU socket.
    "amd-8gcd": Machine(1, 4, 2, 8, 2, [(3, "gpu-amd"), (3, "gpu-amd"), (1, "gpu-amd"), (1, "gpu-amd"), (0, "gpu-amd"),
                                      (0, "gpu-amd"), (2, "gpu-amd"), (2, "gpu-amd")] + spread("nic", 4, 4)),
    "apu-4": Machine(4, 1, 3, 8, 2, spread("gpu-amd", 4, 4) + spread("nic", 4, 4)),
    "one-socket-gpus": Machine(2, 1, 1, 16, 2, [(1, "gpu-nvidia")] * 4),
    "workstation": Machine(1, 1, 1, 8, 2, [(0, "gpu-nvidia"), (0, "bmc")]),
    "epyc-milan-2": Machine(2, 4, 2, 8, 2),
    "xeon-2-nosmt": Machine(2, 1, 1, 20, 1, [(0, "nic")]),
    "xeon-2-snc4": Machine(2, 4, 1, 14, 2, [(0, "nic"), (4, "nic")]),
    "sparse": Machine(2, 1, 1, 8, 1, sparse=3),
    "offline-cores": Machine(2, 2, 1, 6, 2, missing=(0, 5, 11, 13)),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, machine in MACHINES.items():
        (folder / f"{name}.xml").write_text(machine.xml())
