"""Cross-validates one setting on the Wisconsin diagnostic breast-cancer data that scikit-learn ships (569 cases).

A fifth of the cases is set aside and never seen here: only gather.py scores the chosen setting on it, once.
"""
import json
import sys

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SETTINGS = (
    [("logistic regression", {"C": c}) for c in (0.01, 0.1, 1.0, 10.0)]
    + [("support vectors", {"C": c}) for c in (0.1, 1.0, 10.0, 100.0)]
    + [("random forest", {"max_depth": d}) for d in (2, 4, 8, 16)]
)


def model(kind, parameters):
    if kind == "logistic regression":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, **parameters))
    if kind == "support vectors":
        return make_pipeline(StandardScaler(), SVC(gamma="scale", **parameters))
    return RandomForestClassifier(n_estimators=100, random_state=0, **parameters)


def split():
    data = load_breast_cancer()
    return train_test_split(data.data, data.target, test_size=0.2, stratify=data.target, random_state=0)


if __name__ == "__main__":
    kind, parameters = SETTINGS[int(sys.argv[1])]
    seen, _, labels, _ = split()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(model(kind, parameters), seen, labels, cv=folds, scoring="roc_auc")
    print(json.dumps({"kind": kind, "parameters": parameters, "auc": scores.mean(), "spread": scores.std()}))
