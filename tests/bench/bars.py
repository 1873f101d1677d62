# SPDX-License-Identifier: Apache-2.0
# bars.py: the ratios of tests/bench/mount as a picture: a group of bars per row, the kernel's mount at 1.
from html import escape

COLOURS = {"sabot": "#1b7837", "squashfuse_ll": "#d8a657", "squashfuse": "#b2b2b2"}
LEFT, SCALE, BAR, GAP, END = 230, 130, 12, 14, 4.0  # pixels; SCALE per 1.0; bars end at END times the kernel


def draw(path, figures):
    rows = [line for line in figures["rows"] if line["ratio"]]
    height = 60 + sum(BAR * len([n for n in COLOURS if n in line["ratio"]]) + GAP for line in rows)
    width = int(LEFT + SCALE * END + 90)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="10" y="18" font-size="13">Time to read a mounted image, as a ratio to the kernel\'s mount '
           f'(shorter is better)</text>']
    for number, (name, colour) in enumerate(COLOURS.items()):
        out.append(f'<rect x="{LEFT + 110 * number}" y="27" width="10" height="10" fill="{colour}"/>'
                   f'<text x="{LEFT + 14 + 110 * number}" y="36">{name}</text>')
    y = 50
    for line in rows:
        out.append(f'<text x="{LEFT - 8}" y="{y + 10}" text-anchor="end">{escape(line["row"])}, {line["state"]}</text>')
        for name, colour in COLOURS.items():
            if name not in line["ratio"]:
                continue
            ratio = line["ratio"][name]
            out.append(f'<rect x="{LEFT}" y="{y}" width="{min(ratio, END) * SCALE:.0f}" height="{BAR - 1}" fill="{colour}"/>'
                       f'<text x="{LEFT + min(ratio, END) * SCALE + 4:.0f}" y="{y + 9}">{ratio:.2f}'
                       f'{" →" if ratio > END else ""}</text>')
            y += BAR
        y += GAP
    out.append(f'<line x1="{LEFT + SCALE}" x2="{LEFT + SCALE}" y1="44" y2="{height - 8}" stroke="#c00" stroke-width="1"/>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out + ["</svg>"]) + "\n")
