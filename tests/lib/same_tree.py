# SPDX-License-Identifier: Apache-2.0
# same_tree.py: two directory trees compared: names, types, modes, owners, times, sizes, contents, links, attributes.
# usage: same_tree.py ONE OTHER [KEY...]     prints what differs; 1 if anything does; KEYs are ignored. As root: owners are compared as recorded.
# Not compared: device nodes and sockets, which an import leaves out, and our own .sabot.
import hashlib
import os
import stat
import sys


def describe(path, links):
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    what = {"mode": oct(info.st_mode), "owner": (info.st_uid, info.st_gid), "mtime": int(info.st_mtime)}
    if not stat.S_ISDIR(kind):
        what["names"] = links.setdefault((info.st_dev, info.st_ino), [])
    if stat.S_ISREG(kind):
        what["size"] = info.st_size
        with open(path, "rb") as file:
            what["content"] = hashlib.sha256(file.read()).hexdigest()
    if stat.S_ISLNK(kind):
        what["target"] = os.readlink(path)
    what["attributes"] = {name: os.getxattr(path, name, follow_symlinks=False)
                          for name in sorted(os.listxattr(path, follow_symlinks=False))}
    return what


def tree(root):
    links, found = {}, {}
    for directory, folders, files in os.walk(root):
        for name in sorted(folders + files):
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            mode = os.lstat(path).st_mode
            if relative.split("/")[0] == ".sabot" or stat.S_ISBLK(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode):
                continue
            found[relative] = describe(path, links)
            if "names" in found[relative]:
                found[relative]["names"].append(relative)
    for what in found.values():
        if "names" in what:
            what["names"] = sorted(what["names"])
    return found


def main(one, other, ignored):
    some, others = tree(one), tree(other)
    differences = [f"only in {one}: {name}" for name in sorted(some.keys() - others.keys())]
    differences += [f"only in {other}: {name}" for name in sorted(others.keys() - some.keys())]
    for name in sorted(some.keys() & others.keys()):
        for key in sorted(some[name].keys() | others[name].keys()):
            if key not in ignored and some[name].get(key) != others[name].get(key):
                differences.append(f"{name}: {key}: {some[name].get(key)} and {others[name].get(key)}")
    print("\n".join(differences[:40]))
    return 1 if differences else 0


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
