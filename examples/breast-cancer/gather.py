"""Gathers what the array wrote, scores the best setting once on the cases set aside, and draws an SVG plot."""
import glob
import json
import os
import sys

from fit import model, split
from sklearn.metrics import roc_auc_score


def draw(results, path):
    """A bar with its spread for each setting, best first; drawn as plain SVG."""
    low = min(r["auc"] - r["spread"] for r in results) - 0.005
    x = lambda auc: 260 + (auc - low) / (1 - low) * 420
    rows = []
    for i, r in enumerate(results):
        y = 50 + 26 * i
        name = f"{r['kind']} {', '.join(f'{k}={v}' for k, v in r['parameters'].items())}"
        fill = "#0b7285" if i == 0 else "#adb5bd"
        rows.append(
            f'<text x="250" y="{y + 13}" text-anchor="end">{name}</text>'
            f'<rect x="260" y="{y}" width="{x(r["auc"]) - 260:.1f}" height="18" fill="{fill}"/>'
            f'<line x1="{x(r["auc"] - r["spread"]):.1f}" x2="{x(min(1, r["auc"] + r["spread"])):.1f}" y1="{y + 9}" y2="{y + 9}" stroke="#212529"/>'
            f'<text x="690" y="{y + 13}">{r["auc"]:.4f}</text>'
        )
    height = 70 + 26 * len(results)
    title = '<text x="20" y="28" font-size="16">Breast cancer: cross-validated area under the ROC curve</text>'
    with open(path, "w") as out:
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" font-size="12">')
        out.write(f'<rect width="760" height="{height}" fill="white"/>{title}{"".join(rows)}</svg>\n')


if __name__ == "__main__":
    folder = sys.argv[1]
    results = [json.load(open(path)) for path in glob.glob(os.path.join(folder, "setting-*.json"))]
    results.sort(key=lambda r: -r["auc"])
    draw(results, os.path.join(folder, "comparison.svg"))
    best = results[0]
    seen, unseen, labels, truth = split()
    fitted = model(best["kind"], best["parameters"]).fit(seen, labels)
    score = fitted.decision_function(unseen) if hasattr(fitted, "decision_function") else fitted.predict_proba(unseen)[:, 1]
    print(f"settings compared: {len(results)}")
    print(f"best: {best['kind']} {best['parameters']}, cross-validated AUC {best['auc']:.4f}")
    print(f"on {len(truth)} cases never seen: AUC {roc_auc_score(truth, score):.4f}")
