"""RFC 9162 written down a second time, from its text alone: nothing of the product is imported here.

Section 2.1.1 (tree hash), 2.1.3.1 and 2.1.4.1 (proofs, by their recursive definitions), 2.1.3.2 and 2.1.4.2 (their checks).
"""

from hashlib import sha256


def merkle_tree_hash(entries):
    n = len(entries)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = largest_power_below(n)
    return sha256(b"\x01" + merkle_tree_hash(entries[:k]) + merkle_tree_hash(entries[k:])).digest()


def path(m, entries):
    n = len(entries)
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path(m, entries[:k]), merkle_tree_hash(entries[k:])]
    return [*path(m - k, entries[k:]), merkle_tree_hash(entries[:k])]


def proof(m, entries):
    return subproof(m, entries, complete=True)


def subproof(m, entries, *, complete):
    n = len(entries)
    if m == n:
        return [] if complete else [merkle_tree_hash(entries)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, entries[:k], complete=complete), merkle_tree_hash(entries[k:])]
    return [*subproof(m - k, entries[k:], complete=False), merkle_tree_hash(entries[:k])]


def largest_power_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def is_included(leaf_data, leaf_index, tree_size, inclusion_path, root_hash):
    if leaf_index >= tree_size:
        return False
    fn, sn = leaf_index, tree_size - 1
    r = sha256(b"\x00" + leaf_data).digest()
    for p in inclusion_path:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            r = sha256(b"\x01" + p + r).digest()
            if fn % 2 == 0:
                while not (fn % 2 == 1 or fn == 0):
                    fn //= 2
                    sn //= 2
        else:
            r = sha256(b"\x01" + r + p).digest()
        fn //= 2
        sn //= 2
    return sn == 0 and r == root_hash


def is_consistent(first, second, first_hash, second_hash, consistency_path):
    if first == second:
        return consistency_path == [] and first_hash == second_hash
    if not consistency_path:
        return False
    if first & (first - 1) == 0:
        consistency_path = [first_hash, *consistency_path]
    fn, sn = first - 1, second - 1
    while fn % 2 == 1:
        fn //= 2
        sn //= 2
    fr = sr = consistency_path[0]
    for c in consistency_path[1:]:
        if sn == 0:
            return False
        if fn % 2 == 1 or fn == sn:
            fr = sha256(b"\x01" + c + fr).digest()
            sr = sha256(b"\x01" + c + sr).digest()
            if fn % 2 == 0:
                while not (fn % 2 == 1 or fn == 0):
                    fn //= 2
                    sn //= 2
        else:
            sr = sha256(b"\x01" + sr + c).digest()
        fn //= 2
        sn //= 2
    return fr == first_hash and sr == second_hash and sn == 0
