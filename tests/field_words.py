"""Words of this review's field, which nothing that another review uses may have."""

from __future__ import annotations

import re

from livingreview.data.dataset import load

# Lists of words that are of the field, and those of their words that are of any.
_LISTS = ("indication", "treatment_source", "treatment_product", "dose_per")
_GENERAL = {"none", "patient", "kg", "animal", "joint", "peripheral-blood", "neural"}
# What the lists do not hold, or hold in other forms. A cell of a table, of a notebook and of a
# sheet is none of the field's: of cells only what was given is looked for.
_MORE = (
    r"mesenchym\w*", r"stem[- ]cells?", r"mscs?", r"stromal", r"marrow", r"orthop\w+", r"knees?",
    r"hips?", r"(?:intervertebral )?discs?", r"spinal", r"femoral", r"osteo\w+", r"cartilage",
    r"hyaluron\w+", r"prp", r"platelet\w*", r"corticosteroids?", r"bones?", r"autologous",
    r"allogen\w+", r"donors?", r"minimally[- ]processed", r"culture-expanded", r"womac", r"koos",
    r"cell_(?:source|product|class|arm|or_product)s?", r"dose_cells", r"n_cells",
    r"(?:is|got)_cell\w*", r"cell (?:arm|product|source|class|dose)s?", r"other-cells?",
    r"cells-(?:against|with|only|alone|stated)[\w-]*",
    r"(?:favours|favour|(?<!wrong )with|without|got|against|added to|minus) cells")
_CHINESE = ("间充质", "干细胞", "细胞", "膝", "椎间盘", "股骨", "脊髓", "骨", "透明质酸", "血小板")


def pattern() -> re.Pattern[str]:
    """What finds a word of the field: names and labels of its lists, and more."""
    data, english, chinese = load(), set(_MORE), set(_CHINESE)
    for name in _LISTS:
        for value, word in data.words(name).items():
            if value not in _GENERAL:
                english |= {re.escape(value), re.escape(word["label_en"].casefold())}
                chinese.add(re.escape(word["label_zh"]))
    by_length = sorted(english, key=len, reverse=True)
    return re.compile(rf"(?i)(?<![\w])(?:{'|'.join(by_length)})(?![\w])"
                      rf"|{'|'.join(sorted(chinese, key=len, reverse=True))}")
