#!/usr/bin/env python3
"""Makes `regions.csv.gz` from the two files it is a digest of, so that the catalogue opens in
milliseconds: `python3 derive.py spot_advisor_2025-06-28.json.gz ec2_offerings_by_az_30regions.tgz`.

One line per region and instance type, sorted: region, type, zone letters, Spot saving % (Linux),
interruption bucket. The last two are empty where the Spot Advisor has no row.
"""
import gzip, json, re, sys, tarfile

advisor = json.load(gzip.open(sys.argv[1]))["spot_advisor"]
lines = []
with tarfile.open(sys.argv[2]) as archive:
    for member in archive:
        if not member.name.startswith("availability-zone/") or not member.name.endswith(".json.gz"):
            continue
        region = member.name.split("/")[1].removesuffix(".json.gz")
        zones = {}
        for row in json.loads(gzip.decompress(archive.extractfile(member).read())):
            letter = re.fullmatch(re.escape(region) + "([a-z])", row["Location"])
            if letter:  # Local and Wavelength Zones are left out
                zones.setdefault(row["InstanceType"], set()).add(letter[1])
        rates = advisor.get(region, {}).get("Linux", {})
        for name, letters in zones.items():
            rate = rates.get(name)
            saving, bucket = (rate["s"], rate["r"]) if rate else ("", "")
            lines.append(f"{region},{name},{''.join(sorted(letters))},{saving},{bucket}\n")
with open("regions.csv.gz", "wb") as out:
    out.write(gzip.compress("".join(sorted(lines)).encode(), mtime=0))
