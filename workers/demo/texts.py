"""What is said and written in the story. Everything but the seed's own topics is invented."""

# ruff: noqa: E501 (a text stands on one line)

from typing import NamedTuple

from engine.actions.sitting import Part
from workers.demo.cast import CIVIL, ENFORCEMENT, HOUSING, SECTOR_GROUP, TOWN_GROUP

# ---- topics


class Topic(NamedTuple):
    """`why` is its submitter's reason, `by` a key of the cast or empty for a citizen, `quality` 0…10 for its scores."""

    title: str
    why: str
    kind: str
    by: str = ""
    quality: int = 5


PROPERTY = "提升小区物业管理水平，助推全国文明城市创建"
RENEWAL = "推进老旧小区标准化改造"

TOPICS = (
    Topic(PROPERTY, "创建全国文明城市到了关键时候，小区物业是群众意见最集中的地方：业委会难成立、物业考核没有结果、维修资金用不出来。", "livelihood", "committee", 10),
    Topic("全面接轨上海、融入长三角一体化发展", "一体化上升为国家战略，交通、产业、园区、医疗和教育怎样对接，需要听取各方面意见。", "party", "office", 10),
    Topic("创数字经济强市，推“四新”经济发展", "数字经济应是首位经济，企业上云、园区平台和人才都有短板。", "reform", "member1", 9),
    Topic("营造良好营商环境，支持民营经济发展", "民营企业反映审批环节多、政策兑现慢、融资难。", "reform", "member2", 9),
    Topic("推动电子商务新发展", "本地箱包、服装企业转线上销售，缺仓储、缺直播基地、缺运营人才。", "reform", "member3", 7),
    Topic("培育农业主导产业", "种植品种多而散，西瓜、蘑菇等有名气但没有形成规模。", "reform", "town_leader", 7),
    Topic("推进小微企业园建设", "低小散企业腾退以后要有去处，园区配套和租金是关键。", "reform", "sector_leader", 8),
    Topic("推进全域土地综合整治", "田块零碎、村庄分散，整治中农户的意愿和收益要协商清楚。", "party", "member4", 7),
    Topic("推进乡村振兴，建设美丽宜居村庄", "村庄环境好了，产业和年轻人还没有留下来。", "party", "town_leader", 8),
    Topic("巩固全国文明城市创建常态化精细化管理", "检查时干净、检查后反弹，需要管长远的办法。", "governance", "office", 8),
    Topic("浙沪交界区域污染防治合作", "交界河道和工业异味两地都管、两地都难管，要有共同的监测和处置。", "governance", "sector_leader", 7),
    Topic("加大社会力量助推低收入家庭精准帮扶", "帮扶对象识别、宣传、措施和制度都要更准。", "livelihood", "member5", 8),
    Topic("加快农民住房条件改善", "农房集聚点配套没有跟上，农户对面积、价格有疑问。", "livelihood", "member6", 8),
    Topic("推进老旧小区加装电梯", "低楼层不同意、资金难分摊，老人下楼难。", "livelihood", "", 8),
    Topic("解决小区停车难问题", "晚上九点以后回家找不到车位，消防通道常被占。", "livelihood", "", 7),
    Topic("规范电动自行车停放和充电", "飞线充电、进楼入户，火灾隐患大。", "livelihood", "", 7),
    Topic("提高小区维修资金使用效率", "屋顶漏水等了一年，维修资金还没有批下来。", "livelihood", "", 6),
    Topic("完善住宅小区业主委员会组建和运行", "许多小区没有业委会，有的成立后没有人管。", "governance", "member1", 6),
    Topic("推进生活垃圾分类提质", "定时投放点太远，分好的垃圾又混在一起运走。", "governance", "", 6),
    Topic("优化城区公共交通线路", "新建小区不通公交，到医院要换两趟车。", "livelihood", "", 6),
    Topic("增加城区公办幼儿园学位", "就近上园难，摇号摇不到。", "livelihood", "", 6),
    Topic("加强中小学校门口交通秩序管理", "上下学时段堵成一团，接送车乱停。", "livelihood", "", 5),
    Topic("推进居家养老服务全覆盖", "独居老人吃饭难，送餐只到部分社区。", "livelihood", "member3", 7),
    Topic("提升基层医疗卫生服务能力", "社区卫生服务中心缺医生、缺药品，老人还是往大医院跑。", "livelihood", "member4", 6),
    Topic("完善残疾人无障碍设施", "盲道被占、坡道太陡、公厕没有扶手。", "livelihood", "", 5),
    Topic("加强农贸市场标准化管理", "地面湿滑、摊位外溢、计量不准。", "governance", "", 4),
    Topic("推进城乡公厕改造提升", "老城区公厕少，晚上早早关门。", "livelihood", "", 4),
    Topic("整治河道黑臭水体反弹", "雨后河水又黑又臭，管网有错接。", "governance", "sector_leader", 6),
    Topic("保护利用东湖周边历史文化街区", "老街改造怎样留住味道，原住居民怎样安排。", "reform", "member5", 6),
    Topic("促进夜间经济健康发展", "夜市热闹了，噪声和油烟也来了。", "reform", "", 5),
    Topic("完善外来务工人员子女入学政策", "积分入学条件看不懂，材料来回跑。", "livelihood", "", 6),
    Topic("推进政务服务事项就近办理", "镇里窗口办不了的还要跑市里。", "reform", "member6", 5),
    Topic("加强未成年人心理健康服务", "学校心理老师配不齐，家长不知道找谁。", "livelihood", "", 6),
    Topic("扩大体育场馆向市民开放", "学校操场晚上和周末能不能开放。", "livelihood", "", 5),
    Topic("推进城市绿道连通", "绿道断断续续，骑车要绕到机动车道。", "livelihood", "", 4),
    Topic("加强建筑工地扬尘和夜间噪声管理", "半夜还在浇筑，投诉后第二天又响。", "governance", "", 5),
    Topic("规范共享单车停放", "医院和车站门口堆成小山，人行道走不通。", "governance", "", 4),
    Topic("完善农村污水处理设施运行维护", "设施建好了没人管，夏天有异味。", "governance", "town_leader", 5),
    Topic("支持返乡青年创业就业", "年轻人想回来，缺场地、缺贷款、缺指导。", "reform", "", 5),
    Topic("加强校外培训机构管理", "预付费退不了，消防通道不合格。", "governance", "", 4),
    Topic("完善社区矫正和法律援助服务", "群众不知道法律援助怎样申请。", "governance", "member2", 4),
    Topic("推进公共场所急救设备配置", "商场和车站没有除颤仪，有了也没有人会用。", "livelihood", "", 6),
    Topic("治理城区道路积水点", "一下大雨几个路口就淹，年年如此。", "livelihood", "", 6),
    Topic("规范住宅小区广告收益管理", "电梯广告收了多少钱、用到哪里，业主不知道。", "governance", "", 5),
)  # fmt: skip
MERGED = {"规范住宅小区广告收益管理": PROPERTY, "完善住宅小区业主委员会组建和运行": PROPERTY}
DECLINED = {"加强校外培训机构管理": ("done", "市教育局已经印发专项整治方案，正在执行，进展会在网站公布。")}
CARRIED = 12
"""So many of the best scored go into the year's plan."""

EARLIER_TOPICS = (
    Topic(RENEWAL, "二十年以上的小区管线老化、屋顶漏水、没有活动场地，居民盼改造又怕反复开挖。", "livelihood", "committee", 10),
    Topic("推进城乡供水一体化", "末端水压不足，水管漏损多。", "livelihood", "member1", 8),
    Topic("加强农产品质量安全监管", "田头检测少，追溯码扫不出来。", "governance", "", 6),
    Topic("推进文化礼堂建设和使用", "建得好、用得少，活动安排不够。", "livelihood", "", 5),
)  # fmt: skip

NEW_TOPICS = (
    Topic("推进完整社区建设", "买菜、托育、看病十五分钟走得到，缺什么请居民说。", "livelihood"),
    Topic("规范新能源汽车充电桩进小区", "物业不同意、电容不够、车位不固定。", "livelihood"),
    Topic("提升镇村道路安全水平", "路口没有灯、弯道没有镜，电动车和货车抢道。", "livelihood"),
    Topic("建设老年人助餐服务网络", "社区食堂菜价合适，就是太远。", "livelihood"),
    Topic("盘活闲置公共用房", "老校舍、老厂房空着，社区又缺场地。", "reform"),
    Topic("优化儿童友好公共空间", "公园滑梯少，母婴室更少。", "livelihood"),
    Topic("加强小区高空抛物治理", "摄像头谁来装、谁来看、谁出钱。", "governance"),
    Topic("促进中小企业数字化改造", "想改造，不知道从哪一步开始。", "reform", "member1"),
)  # fmt: skip

# ---- research


class Found(NamedTuple):
    """A finding: where, how many days before the sitting, on which page of the slides, its share in percent, on which
    question of the study's questionnaire it rests, if on any, and who was met there if not whom the study met elsewhere.
    """

    claim: str
    place: str
    days: int
    page: int
    percent: int
    asked: int = 0
    met: str = ""


class Item(NamedTuple):
    """A question of a questionnaire, and how many chose each of its options."""

    wording: str
    kind: str
    options: str
    counts: tuple[int, ...]


class Study(NamedTuple):
    """The research of one group. `by` is the key of its leader in the cast."""

    group: str
    by: str
    title: str
    questions: str
    visits: str
    met: str
    findings: tuple[Found, ...]
    summary: str
    causes: tuple[str, ...]
    advice: tuple[str, ...]
    items: tuple[Item, ...] = ()


CHAPTERS = [{"second": 0, "title": "走访了哪里"}, {"second": 2, "title": "发现了什么"}]

PROPERTY_STUDIES = (
    Study(
        TOWN_GROUP,
        "town_leader",
        "小区业主委员会建设情况调研",
        "一、业委会组建率和正常运行率是多少？二、组建难、运行难，难在哪里？三、社区怎样帮得上忙？",
        "走访当湖街道、钟埭街道 24 个小区，召开业主、业委会、物业、社区四方座谈会 6 次，网上回收问卷 126 份。",
        "业主、业委会、物业、社区代表",
        (
            Found("走访的 24 个小区中，成立业委会的 11 个，正常运行的只有 7 个。", "当湖街道、钟埭街道", 33, 3, 46),
            Found("问卷中 63% 的业主说不清维修资金还剩多少。", "当湖街道、钟埭街道", 31, 4, 63, 1),
            Found("梧桐苑业主大会两次因为到会人数不足没有开成。", "当湖街道梧桐苑", 30, 5, 41),
            Found("9 个小区的公共收益没有向业主公布。", "当湖街道", 29, 6, 38),
        ),
        "业委会组建率不到一半，运行正常的更少。主要原因是筹备程序复杂、热心业主少、社区指导力量不足，公共收益和维修资金不公开又加重了不信任。建议由街道牵头建立筹备指导员制度，推行线上投票，公共收益按季公布。",
        ("筹备程序复杂，业主到会人数难以达到法定比例。", "业委会成员没有补贴、没有培训，热情难以持续。", "维修资金和公共收益不公开，业主不信任。"),
        ("每个社区配备业委会筹备指导员。", "推行业主大会线上投票。", "公共收益和维修资金按季向业主公布。"),
        (
            Item("您说得清小区维修资金还剩多少吗？", "one", "说得清\n大致知道\n说不清", (16, 31, 79)),
            Item("您愿意参加业委会的工作吗？", "one", "愿意\n看情况\n不愿意", (22, 61, 43)),
            Item("您对小区公共事务公开的满意程度", "scale", "很不满意\n很满意", (29, 41, 34, 15, 7)),
        ),
    ),
    Study(
        SECTOR_GROUP,
        "sector_leader",
        "物业服务企业考核评价情况调研",
        "一、物业企业的考核由谁来做、结果用在哪里？二、业主最不满意哪些服务？三、物业费收缴为什么难？",
        "走访物业企业 15 家、小区 18 个，查阅考核记录 3 年，访谈业主 210 人、项目经理 22 人。",
        "业主、物业项目经理",
        (
            Found("近三年全市考核不合格的物业项目 17 个，只有 2 个被更换。", "市住房和城乡建设局", 32, 3, 12, met="物业管理科、考核经办人员"),
            Found("访谈业主中 58% 对小区停车管理不满意。", "当湖街道、曹桥街道、乍浦镇", 30, 4, 58),
            Found("6 个老小区物业费收缴率低于六成，服务随之缩水。", "当湖街道、曹桥街道", 28, 5, 57),
            Found("抽查的 18 个小区中，有 5 个消防通道被车辆占用。", "当湖街道、钟埭街道、乍浦镇", 27, 6, 28),
        ),
        "物业考核有制度、少结果：不合格项目极少退出，业主评分不计入考核。服务差与收费难互为因果。建议把业主评价计入考核并占一半以上，考核结果每季公布，连续两次不合格的启动更换程序；对老小区物业费给予阶段性奖补。",
        ("考核以台账检查为主，业主评价不计分。", "考核结果不公开、不与续聘挂钩。", "服务差导致不交费，不交费又导致服务更差。"),
        ("业主评价计入考核，占比不低于五成。", "考核结果每季公布，连续两次不合格的启动更换程序。", "对收缴率提升明显的老小区给予阶段性奖补。"),
    ),
)  # fmt: skip

RENEWAL_STUDIES = (
    Study(
        TOWN_GROUP,
        "town_leader",
        "老旧小区改造需求调研",
        "居民最想改什么、最担心什么、愿意出多少？",
        "走访 2000 年以前建成的小区 12 个，入户 380 户。",
        "住户",
        (
            Found("入户的 380 户中，72% 把屋顶和管线漏水排在第一位。", "当湖街道、钟埭街道", 34, 3, 72),
            Found("同一条路三年内因为不同管线开挖 4 次。", "当湖街道桂香里", 33, 4, 33),
            Found("愿意按面积分摊部分费用的住户占 55%。", "当湖街道、钟埭街道", 31, 5, 55),
        ),
        "居民最盼修漏、最怕反复开挖。建议水、电、气、通信管线同步设计、一次开挖；改造前请居民点单，改造后引入长效物业管理。",
        ("各管线单位计划不同步。", "改造内容由上而下确定，居民参与少。"),
        ("管线改造同步设计、一次开挖。", "改造内容由居民点单确定。"),
    ),
)

# ---- sittings


class Asked(NamedTuple):
    """A question put by a citizen some days before the sitting (0: at it), and how many ask it too."""

    title: str
    days: int
    votes: int = 0
    into: str = ""
    fate: str = ""
    answer: str = ""


class Promise(NamedTuple):
    words: str
    speaker: str
    unit: str
    days: int
    answers: str


class Script(NamedTuple):
    """One consultation and its sitting."""

    topic: str
    series: str
    aim: str
    people: str
    agenda: str
    division: str
    online: str
    sitting: str
    place: str
    studies: tuple[Study, ...]
    parts: tuple[Part, ...]
    questions: tuple[Asked, ...]
    promises: tuple[Promise, ...]
    comments: tuple[str, ...]


PROPERTY_SCRIPT = Script(
    PROPERTY,
    "mayor_f2f",
    "围绕小区业委会建设、物业考核评价等群众普遍关注的问题，请市长与委员、市民代表当面协商，形成可以落实的建议。",
    "市政府主要领导；市政协分管领导；有关部门负责人；政协委员 20 名；市民代表 10 名；网友线上参加。",
    "通报调研情况；提问；解答；发言；市长讲话。",
    "专委会统筹；委员活动组调研；办公室负责会务；有关部门准备答复；互动审核员值守。",
    "会前两周开放网络问政，会上同步文字直播，先审核、后发布；设远程协商席位。",
    "“市长与政协委员面对面”：提升小区物业管理水平",
    "市行政中心三楼会议室",
    PROPERTY_STUDIES,
    (
        Part("briefing", "通报：两个委员活动组介绍调研情况", 8, "沈志强、韩雪松", "陈雅琴", cue="两个活动组的调研短片"),
        Part("questions", "提问：委员、市民代表和网友提问", 25, "主持人"),
        Part("answers", "解答：部门负责人现场答复", 25, "市住房和城乡建设局等"),
        Part("statements", "发言：委员提出意见建议", 20, "政协委员"),
        Part("answers", "市长回应", 15, "市长"),
    ),
    (
        Asked("业委会成立为什么这么难？我们小区筹备了两年还没有开成业主大会。", 15, 17, fate="answered", answer="从下个月起，每个社区配备业委会筹备指导员，业主大会可以线上投票，到会人数不足的问题能够解决大半。"),
        Asked("物业考核不合格，为什么还能继续管我们小区？", 14, 16, fate="on_air", answer="过去考核结果不与续聘挂钩。从明年起，连续两次不合格的启动更换程序，业主评价占一半以上。"),
        Asked("小区电梯和墙面广告的收入一年有多少，用到哪里去了，能不能公开？", 13, 14, fate="shortlisted", answer="公共收益归全体业主。从下季度起按季公布，没有公布的计入物业考核。"),
        Asked("屋顶漏水申请维修资金等了一年，手续能不能简化？", 12, 13, fate="shortlisted", answer="漏水属于应急维修，手续压缩到十个工作日，可以先修后补材料。"),
        Asked("消防通道天天被占，打电话说没有执法权，到底谁来管？", 11, 11, fate="shortlisted", answer="物业负责劝阻和标识，消防部门负责处罚，两家今后联合值守，举报当天处理。"),
        Asked("电动自行车充电棚什么时候能建到我们小区？", 10, 9, answer="充电棚分三批建设，点位和时间表下月起在社区公示。"),
        Asked("老小区没有物业，能不能由街道统一兜底管理？", 9, 9, answer="可以。街道成立国有物业公司，先接管二十一个没有物业的小区。"),
        Asked("物业费涨价要不要业主同意，听证程序是怎样的？", 9, 7, answer="要业主大会同意，方案公示不少于十五天；没有业委会的由社区组织征求意见。"),
        Asked("成立业委会怎么这么难？我们小区筹备两年，业主大会还没开成。", 8, 3, into="业委会成立为什么这么难？我们小区筹备了两年还没有开成业主大会。"),
        Asked("电梯广告和墙面广告收入有多少，用到哪里，能公开吗？", 7, 3, into="小区电梯和墙面广告的收入一年有多少，用到哪里去了，能不能公开？"),
        Asked("夜里小区里广场舞和装修声音很大，物业说管不了，找谁？", 6, 6, answer="装修噪声由综合行政执法部门处理，广场舞由社区组织协商场地和时间。"),
        Asked("二次供水的水箱多久清洗一次，检测结果在哪里可以查到？", 6, 6, answer="每半年清洗一次，检测结果贴在泵房门口，也可以在供水公司网站查询。"),
        Asked("新交付小区的质量问题，开发商和物业互相推，应该找谁？", 5, 7, fate="owed"),
        Asked("小区里的健身器材坏了半年，物业和社区谁来修？", 4, 5, answer="保修期内由供应商修，过保的由体育部门列入当年更新计划。"),
        Asked("物业更换的时候，老物业不肯交接资料怎么办？", 3, 5, answer="拒不交接的依法处罚，并记入企业信用；街道派人到场监督交接。"),
        Asked("我家楼上天天漏水，请把他的电话公布出来。", 3, fate="rejected"),
    ),
    (
        Promise("四十天以内，全市每个社区都配备业委会筹备指导员，名单在网上公布。", "市住房和城乡建设局负责人", HOUSING, 40, "业委会成立为什么这么难？我们小区筹备了两年还没有开成业主大会。"),
    ),
    (
        "终于等到这个议题了，我们小区物业换了三家。",
        "调研说的就是我们小区的情况，很实在。",
        "公共收益公开这一条最要紧。",
        "希望会后能看到落实的时间表。",
        "讲得具体，有数字，点赞。",
        "老小区也要管起来，不能只管新小区。",
    ),
)  # fmt: skip

RENEWAL_SCRIPT = Script(
    RENEWAL,
    "qnlxs",
    "听取居民、委员和部门意见，把老旧小区改造改到居民心坎上，形成标准和长效办法。",
    "市政府分管领导；市政协分管领导；有关部门负责人；政协委员 15 名；居民代表 12 名。",
    "通报调研情况；提问；解答；发言。",
    "专委会统筹；当湖街道委员小组调研；办公室负责会务；有关部门准备答复。",
    "会前开放网络提问，会上文字直播。",
    "“请你来协商”：推进老旧小区标准化改造",
    "当湖街道协商议事厅",
    RENEWAL_STUDIES,
    (
        Part("briefing", "通报：委员活动组介绍调研情况", 15, "沈志强", "陈雅琴", cue="活动组的调研短片"),
        Part("questions", "提问：委员和居民代表提问", 25, "主持人"),
        Part("answers", "解答：部门负责人现场答复", 30, "市住房和城乡建设局等"),
        Part("statements", "发言：委员提出意见建议", 25, "政协委员"),
    ),
    (
        Asked("水管、煤气、通信线能不能一次挖开一次做完，不要年年开膛破肚？", 15, 15, fate="answered", answer="今后老旧小区改造由我局牵头统一排计划，各管线单位同步设计、一次开挖，五年内不重复开挖。"),
        Asked("改造到底改什么，能不能让住户自己点单？", 14, 12, fate="answered", answer="改造方案要公示十五天，住户按“基础类、完善类、提升类”点单，同意户数过三分之二才开工。"),
        Asked("改造完没有物业，过两年又旧了怎么办？", 12, 10, fate="answered", answer="改造与物业管理同步签约，没有落实长效管理的小区不安排验收。"),
        Asked("一楼住户不同意加装电梯，能不能强制？", 10, 8, fate="answered", answer="加装电梯要依法协商，不能强制。可以请调解员上门，补偿方案由住户自己商定。"),
        Asked("改造期间车停在哪里，有没有临时停车安排？", 8, 6, fate="answered", answer="施工期间由街道协调周边单位错时停车，施工公告上写明临时停车点。"),
        Asked("能不能让住户自己点单，改造到底改什么？", 7, 2, into="改造到底改什么，能不能让住户自己点单？"),
        Asked("违章搭建的阳光房改造时拆不拆，标准一样吗？", 5, 5, fate="in_writing", answer="改造范围内的违法建筑一律依法处置，标准统一，改造前逐户登记并公示。办理情况可以到属地中队查询。"),
        Asked("我和邻居的相邻权官司什么时候判？", 4, 1, fate="refused"),
    ),
    (
        Promise("三个月内印发管线同步改造规则，从明年开工的小区开始一次开挖。", "市住房和城乡建设局负责人", HOUSING, 90, "水管、煤气、通信线能不能一次挖开一次做完，不要年年开膛破肚？"),
        Promise("改造与物业管理同步签约，今年内印发办法。", "市住房和城乡建设局负责人", HOUSING, 100, "改造完没有物业，过两年又旧了怎么办？"),
    ),
    ("一次开挖说到大家心里了。", "改造前要多听老人的意见。", "希望把答复都公布出来，年底对账。"),
)  # fmt: skip

# ---- recommendations of the earlier consultation


class Advice(NamedTuple):
    """A recommendation, the question it answers, and how it went: `closed`, `implementing`, `explained`, `second`."""

    question: str
    title: str
    text: str
    kind: str
    lead: str
    co: tuple[str, ...]
    finding: int
    decision: str
    reply: str
    reason: str
    measures: tuple[tuple[str, int], ...]
    rating: str
    remark: str
    course: str


ADVICE = (
    Advice(
        RENEWAL_SCRIPT.questions[0].title,
        "老旧小区管线改造同步设计、一次开挖",
        "建议由市住房和城乡建设局牵头建立管线改造联席机制，水、电、气、通信同步设计、同步施工，五年内不重复开挖。",
        "policy",
        HOUSING,
        (ENFORCEMENT,),
        2,
        "adopted",
        "采纳。已建立六家管线单位参加的联席机制，今年开工的 8 个小区全部同步设计、一次开挖，开挖审批由综合行政执法局统一把关。",
        "",
        (("印发管线同步改造工作规则", 13), ("首批 8 个小区一次开挖完成", 60)),
        "satisfied",
        "答复具体，有名单有日期，首批小区居民反映好。",
        "closed",
    ),
    Advice(
        RENEWAL_SCRIPT.questions[1].title,
        "改造内容由居民点单确定",
        "建议推行改造内容“居民点单”，方案公示不少于十五天，同意户数过三分之二方可开工。",
        "service",
        HOUSING,
        (),
        1,
        "adopted",
        "采纳。已把居民点单和公示写入改造工作导则，点单表式统一，结果在小区公告栏和网上同步公布。",
        "",
        (("修订改造工作导则", 30), ("全部新开工小区执行点单", 60)),
        "satisfied",
        "点单表式清楚，老人也看得懂。",
        "closed",
    ),
    Advice(
        RENEWAL_SCRIPT.questions[2].title,
        "改造与长效物业管理同步落实",
        "建议改造与物业管理同步签约，没有落实长效管理的小区不予验收，并对老小区物业给予三年过渡奖补。",
        "policy",
        HOUSING,
        (CIVIL,),
        3,
        "partly",
        "部分采纳。同步签约和验收条件已写入办法；过渡奖补先在 3 个小区试点，视财力再扩大。",
        "过渡奖补涉及财政支出，需要试点评估后再定标准。",
        (("印发同步签约办法", 70), ("3 个小区过渡奖补试点", 400)),
        "basically",
        "方向一致，奖补试点要按期评估并公布结果。",
        "implementing",
    ),
    Advice(
        RENEWAL_SCRIPT.questions[3].title,
        "对加装电梯实行强制补偿标准",
        "建议由政府统一制定低层住户的强制补偿标准，推动加装电梯。",
        "policy",
        HOUSING,
        (),
        0,
        "declined",
        "未采纳。加装电梯的补偿属于业主协商事项，现行法律没有授权政府规定强制标准。我局将编印协商案例，并组织调解员上门服务。",
        "法律没有授权规定强制补偿标准。",
        (),
        "basically",
        "理由说得清楚，调解服务请抓好落实。",
        "explained",
    ),
    Advice(
        RENEWAL_SCRIPT.questions[4].title,
        "施工期间统筹临时停车",
        "建议施工期间由属地街道协调周边单位和学校错时开放停车位，施工公告写明停车点和时段。",
        "service",
        HOUSING,
        (),
        0,
        "partly",
        "部分采纳。施工公告已写明临时停车点；学校停车位开放涉及安全管理，暂未安排。",
        "学校停车位开放需要教育部门论证。",
        (("施工公告增加停车安排", 40),),
        "dissatisfied",
        "错时停车没有推进，居民意见大。",
        "second",
    ),
)
SECOND_DRAFT = (
    "partly",
    "部分采纳。已与 4 家单位签订错时停车协议，提供晚间停车位 310 个；两所学校从下月起试行周末开放，教育部门派员管理。",
    "工作日开放仍需论证安全措施。",
    (("落实 310 个晚间停车位", 20), ("两所学校试行周末开放", 60)),
)
