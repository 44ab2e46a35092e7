"""Letters of other alphabets that look like Latin ones, and signs that look like those of addresses."""

_PAIRS = (
    (
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u051b\u051d\u0501\u0261\u0442\u043a\u043c\u043d\u0432\u0433",
        "aeopcyxsijhqwdgtkmhbr",
    ),
    ("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u0417", "ABEKMHOPCTYXSIJ3"),
    ("\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7\u03b5", "aopviktuxe"),
    ("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7", "ABEZHIKMNOPTYX"),
    ("\u0131\u0237\u017f\u0251\u0269\u029f\u1d00\u1d04\u1d07\u1d0f\u1d18", "ijsailaceop"),
    ("\u2044\u2215\u2236\ua789\u02d0\u3002\u2024\ufe52\ufe6b", "//:::...@"),
)

LOOKALIKES: dict[str, str] = {strange: plain for strangers, plains in _PAIRS for strange, plain in zip(strangers, plains, strict=True)}
