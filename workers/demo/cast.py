"""Who takes part in the demonstration. Towns are Pinghu's own; every person and neighbourhood is invented."""

from typing import NamedTuple

from engine.words import Words

HOUSE = Words("政协平湖市委员会（演示）", "CPPCC Pinghu Committee (demonstration)")
DOMAIN = "demo.example"
"""A name that is reserved for examples: no mail can ever reach anybody."""

HOUSING, ENFORCEMENT, CIVIL, MARKET, FIRE = (
    "市住房和城乡建设局",
    "市综合行政执法局",
    "市民政局",
    "市市场监督管理局",
    "市消防救援大队",
)
UNITS = {
    HOUSING: "Housing and Construction Bureau",
    ENFORCEMENT: "Urban Management and Law Enforcement Bureau",
    CIVIL: "Civil Affairs Bureau",
    MARKET: "Market Supervision Bureau",
    FIRE: "Fire and Rescue Brigade",
}
TOWN_GROUP, SECTOR_GROUP = "当湖街道委员小组", "第五界别活动组（城建环保）"
GROUPS = {
    TOWN_GROUP: "Danghu Subdistrict Group",
    SECTOR_GROUP: "Fifth Sector Group (construction, environment)",
}


class Part(NamedTuple):
    name: str
    roles: tuple[str, ...] = ("member",)
    unit: str = ""
    group: str = ""


SYSADMIN, SECADMIN = Part("许志远", ()), Part("何静安", ())

STAFF = {
    "office": Part("周明华", ("office_staff",)),
    "research": Part("郑思齐", ("research_office",)),
    "leader": Part("吴建文", ("leader",)),
    "party": Part("王海峰", ("party_office",)),
    "government": Part("冯立新", ("government_office", "assigning_office")),
    "inspection": Part("沈国平", ("inspection_office",)),
    "committee": Part("陈雅琴", ("committee_staff",)),
    "head": Part("钱文斌", ("committee_head",)),
    "scorer1": Part("褚思源", ("scorer",)),
    "scorer2": Part("卫红梅", ("scorer",)),
    "scorer3": Part("蒋一鸣", ("scorer",)),
    "town_leader": Part("沈志强", ("group_leader", "member"), group=TOWN_GROUP),
    "sector_leader": Part("韩雪松", ("group_leader", "member"), group=SECTOR_GROUP),
    "member1": Part("杨秋水"),
    "member2": Part("朱文涛"),
    "member3": Part("秦月明"),
    "member4": Part("尤佳"),
    "member5": Part("许家宁"),
    "member6": Part("吕向阳"),
    "unit_admin": Part("施小燕", ("unit_admin",), HOUSING),
    "unit_handler": Part("张永康", ("unit_handler",), HOUSING),
    "unit_leader": Part("孔德胜", ("unit_leader",), HOUSING),
    "enforcement_admin": Part("曹慧", ("unit_admin", "unit_handler"), ENFORCEMENT),
    "enforcement_leader": Part("严正", ("unit_leader",), ENFORCEMENT),
    "civil_admin": Part("华丽君", ("unit_admin", "unit_handler"), CIVIL),
    "civil_leader": Part("金永年", ("unit_leader",), CIVIL),
    "market_admin": Part("魏建英", ("unit_admin", "unit_handler"), MARKET),
    "market_leader": Part("陶志刚", ("unit_leader",), MARKET),
    "fire_admin": Part("姜海", ("unit_admin", "unit_handler"), FIRE),
    "fire_leader": Part("戚勇", ("unit_leader",), FIRE),
    "host": Part("谢婉清", ()),
    "moderator": Part("邹小敏", ()),
    "moderator2": Part("喻安", ()),
    "recorder": Part("柏思远", ()),
    "duty_leader": Part("水长青", ()),
    "live_operator": Part("窦志明", ()),
}
"""By key; the key is also the first part of the address. Those without a role get one for a sitting."""

HALL = ("host", "moderator", "moderator2", "recorder", "duty_leader", "live_operator")
DISTRICTS = (
    "当湖街道", "钟埭街道", "曹桥街道", "乍浦镇", "新埭镇", "新仓镇", "独山港镇", "广陈镇", "林埭镇",
)  # fmt: skip
CITIZENS = (
    "陆女士", "顾先生", "钟阿姨", "俞师傅", "戴老师", "费先生", "倪女士", "汤先生", "殷女士", "罗师傅",
    "毕先生", "郝女士", "邬阿姨", "安先生", "常女士", "乐先生", "于女士", "时先生", "傅老师", "皮先生",
    "卞女士", "齐先生", "康阿姨", "伍先生", "余女士", "元先生", "卜师傅", "孟女士", "平先生", "黄女士",
    "和先生", "穆阿姨", "萧先生", "尹女士", "姚老师", "邵先生", "湛女士", "汪师傅", "祁先生", "毛女士",
)  # fmt: skip
