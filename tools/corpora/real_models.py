"""Small models that the libraries wrote, packed: what the formats are like when nobody has tampered with them."""

from __future__ import annotations

import base64
import zlib
from typing import Final


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


# xgboost 3.2, two trees of depth 2, JSON.
XGBOOST_JSON: Final = _unpacked(
    "c-"
    "qBO+lt#T5d9ZDE5^F`miK(cQiN<Pj*24%NlCj6`S;Gq&Th5~fl`)&jXg)w(V3aUT*+*7a3+xLmFSd$?a#?Xh;EeZjZWual+#CqUcS9U>GgDnrl3b_"
    "TvEOFF)d6-KbjeT2Az<M7&m+*h-"
    "Ny%p_L>0kj$v;_!DEedg@a!Mr9s#(m@}Q#hs5im}fw71KAQrXvQ%FHo^%Ux1d8O>z%T0JSEWdQc^}aT$OpP+xv`_D}p+%q}S1?AI46HEKC-nk#)t}"
    "-KM1*S=43AxsbaJqg5fLtYj@9018OcOg`9qP2OYWAcfE9$Mhc;?63Rw(d_kkPHHy$w1~}e?MSvIC5WowVCOLy2g{6Z@PQ4pj}cb1n=+Fq1ZyOdJ4V"
    "Z0i7)JdDz4XaCL7s`S~e?x!1N!P`5SXQ%@&rt8!Z+Wk29>s)7mVDpbvJ)dhU5FI2!2@gianzj8@~#UD1JJ<g4H-"
    "3t3gWd&fSy0&HTyLD2tl^}}j3K*Wlyoyakk849cS>SBiELpIXwMn8FA!;6xOrm7$tK{ujkS}wZ=a|1!F;i47%|CoUNg$Y>EwY;r6@s%!kR-Auwfha"
    "p(HH!y2(bba6{4eURW?yUxoJKeRAzX$M&X;v){yCqrcjDml9WXvB%pIunWK{d$k4j%)GEI+zYnXM6PgN!zCX*IDl=%KT=(87-"
    "6J3<`*6HxNo&98EvICq8W>VP$Z{p&hXDE@6tGn0yfDt4`Xe7=G%Ao<b-yp*6T>"
)
# xgboost 3.2, two trees that drop out, UBJSON.
XGBOOST_DART: Final = _unpacked(
    "c-rk&%We}f6rDUuAWhJeN~|jpu|Y+&z$Q|mMM7-4t5`+Ia>jQiMjku0o$!bv_yoj`zhK7(*s&{!pFsQr8}Ljr_RMsGKw^OqmJ-FjXYS+p+}xQRdW+"
    "R!fF%bx%MRLDYe|O_4Qe*e4!a>>J&}MojzJABW#`^0fPONr1o)A}gaX%SD1_3vfM=qimH>9Y77GH*Zkqwt%I+G#gDUS?cm+{xf~Y}{okq2lkQxZ0<"
    "Z;1n%e=5i1*I9FF_t*CkvI4xPLCKfwgh&RnQA-PuX70~u_<TVweEdt>c*N1jwmN%EnOuI>d_jlTR&+Ul!wAW>IPy<SxbZDj5g2C5Gz2BfJUQ)2I4~"
    "O-uu*f-|T<5wY9NtDKYFqBqW7u%6w-"
    ">+^|xO+RUNc4IKX5ouW^n8r2~X;tA7;L8u44`>uo>s7{HaqnjX6Frth|;Q1VrM{3`f%LZUVDFeqmf+9x;7vJob(`lJoFKept%(yE9&&!1Lm1)$=Y4"
    "~c)sKE<PXrhW@Dtjj<AIsO(T|8mbLxbX7G`!q$f=}T|Pp+bIT^YrWKq-oOA^e>!&pUW+J}+|qQdt)JVm*<(X%{e^<wSq2U|x2oGhZ(>Oe(Ajqn}8`"
    "hyaIZ3V{|f*KzatFDSmh{rTIww=a8pUoKzyHxys{<BH#Z^>zFgDZYGN{}t~PZwE;;8N)}V0lLE4Bv@*j+oDSlkz$-"
    "19_03O&r83olg;IOLFFuLryZvPk*o0R;KtRPcei&Q*kPIudK5|#BRn;OFIqV<1BR9QeJb1Ow8b(4o#)BA7Q=^zL^^fv7DZ}&2~l4iPmI_JNGYU~HA"
    "E=wm}1?&3NSNr5Ni2%Q++)xQ>`-U&X4y7HS>G^11|gstN"
)
# catboost 1.2.10, two symmetric trees.
CATBOOST: Final = _unpacked(
    "c-rk*ON<;x8Lmwtuq-PiAwdD<Ff>*aMZ25ndC!o<_Sz(|SUV=`Jd~Bys_w3t>1@AJ)xEnDvl0i6IdI?t7bM`A3kPl>BcX5#QV1Xj2NWa@;g$mj1c&"
    "AOtEzi?*RdT09FS;jZ+HJy_1FJ?)STbA<UaNV#vWwVb&}o3?qMg`DZDYZihKSr1B9_p<9_RNjD7GBW3SxL*f$<v>@;9k0DBYP_+-z-"
    "+%Kn7A=RZU6tTDKGWM;%93DP$zrpbtJg+;UD0mc$(92~u#fvkU@>q#g$ImiVMCr`S@*>Jo<xH+SiAJR6GD>$m`fw)Bd5jf2Eu2+{=RmUWWvMqU<Jg"
    "-=s>tM`#yHL5(2GUtC1qShc^nDpOga{x3z?J!r>#6c&Vn6h(q46P&>&=#Nl)<vE7IA`^c9Po=(rN|C<PG_7H~^3kRKr#1484?LNCbDX*46Q_IOlyN"
    "0woR#d<kQ1(1S~+{<@)T+;djySq1)S>o|steh<c*W@I~N=RnXTXkZ=WlH2)8rJ&<#9kJA327jmW=%mCd`8a$%)zjX0u9al*F;c6yTUU-"
    "J=4&+na$!%DUh0T$&+fa0Lh<ta!`WJ#H%;lzGk-"
    "PAul-1!4wXr1use|ym~E32j3hjR}r)%yr7V^IPeao^Qn=A7e`41iMXR)Z!qlj+QaU!J?{72f!l|e>*cilb-mV)QZA!6v^;4uKa-"
    ")5m1Jp^g;?fZOrvQg69?25T+T#sCk)3CT#C}Kq=n4#1>wlG^$D0-ViCY591ABZx7(}kwbgAXR6kw(zh=0$_%<|l1!Vs=L!XS8quZY+yzsOG0-"
    "JX);Bi2Do@XIuZ0$t(RUic-Si3jR3NPXN(B&J#xDY-FVUUq__M>8<rG`&pMceHERrcRf*?&YJ7^u9~C`$W#oXutwkz%ncVzL8-e;vok-zgsiLaAdJ"
    "AeyD{^{_&xqXZ&&oGk-`x&yJDKEh!rc8!shz5;t>YaT@A`DKJ;;9L1464SNnq&%(i%_SY>kFxu$6e3(8tZkKA=yR?-2z(inX*-"
    "30r4Xj1<O?rKLs&AU6X#+YM&Ok4R~%=1lo$}&kvvH#jrF0JawINKX90wM9_SEHR2$S3)kmE%U88Q-"
    "Z4bs{SVj<YrM#3UT3Fih9Fh1U3`w*fFXfLLC%7d6c%01(=RomSFJE@9kuHhAnas+(p&3iN&H)v<I{RsopeL)4wpmU=dM|>6RFKJLrsZXkd4`QW5zX"
    "d>S|-NIJheKUNs7Er30(%lD^sLZy*B5OTrRa(3$b6^g8e$f+=6+$N17X0nOMr!*@&J+N&;0cgB*wKvNC$aJ8e&xlf6tMMYbbS7@ce^-"
    "^zI)AkNiW;lB;q%N%KWgD)`g4%jKFHqmQ-P(jJU)62YwVse{;aS)VJiWIVhUBcRZ=!*tjsz?yDJrqZ|oh;JO%ckBQNVItJERKSOHgF{*`L%&-"
    "cdtB0vsABE@PEDEF$|O;Flz?sdREg;$1$0q=4D|shSMjXbsAhQ3{O@)B;Wr*e%*hWU%l7C5p&SWPD{AAG<#y&N8kJQ_bUcPl2dloo7rjB36{id3RI"
    "lu)J5eqFq<8Xja7^j%f>i0Ccs}zchYPxZFmTZV=Blrhb_Qkp3X{Cvo^5DBB8YPhKZEKq(T)Ae+ToTupq6hfUCx&($^$3sNTY8EUs#vF+ouEh_bQHx"
    "Qh!lCE7)f#Tz0<r?F<H@m?>{cq|i*NorU&Ez_V%KDV!V3uF#Y*XBTebEiXTNs5`S*Fm-IK@d&F>m>|_7`r0mRUo09MD8C^rsAle_p60&+gxsM+;&m"
    "tqN1V*D;iWH<3oCcBgxXNpejsfA&JJIP^R?OHT1HMSe9>>#U55THpywsy1qlVU^*#lr~S4~rpOa}4aF=HQ}J6ak|_0b0T87+CFtrx@-"
    "#$i0E$F9E9M$T+li^K)3{#-JAx>6+Z}3lI;P~;66oq~sUU80E!tgW228S`3V`G)G}5Ymd1=ehSuLl{Yz-Qd;j5~fIwB082RpzY>=+w7mo6?QaGYI{"
    "n2JWKq^7yfbEaKwWXfEm9G$7q7C_c!8m?u>(-;SJ(@3i2V5x4NV25fezJAcy1S%HOX%s|4mv9G5DQg|p4X8|b{Bl&xbr-"
    "({RbCK*6kL(Aj?1Ch#k%CIy5y+~GwOMv_M%x1=%QQg)V1f87ac0-"
    ";AP7O&lE;`GSUq<9TTWVX;kS5eXyS?(_kO#!jE}n?TrnlQNihzYJn)99BGE<U^lGGM-"
    "n`m#65@vy^7M+h<>gY`=sj>a;ms7QRlf#)dP7ZP00g&g&qZX+mSlX!2$aeW6ZG4*iZg`c-Us<ti-"
    "|H6G49v4BBgb!9{Nru7!NaLopbv1>txYbUGo^=QJjC%*qJg>>r1Rzp*%e!RWlD(a!6z<M~jZC#1|I!79NZZgdCj{-"
    "EDR&=`(;y>5>bMRP5N<?)IM)P(Eip(7Z3qu#JP9uE<P+N05ENSXL{8(y<JHc8w@xyjfG@S>v=<Vz=2AA--"
    "bcN;$4yNOS#dmvP?4?l{m7d8!~sBt3Mlg};z>xJ6I?AH_w+KdIfFb6Kxp6fJ7ek~N0<VNJ?_{xNC8q0zT<WyBK8IGmQ(I#McGfV1v_cqp^qxmsu-k"
    "R99^8(*{22NVW{3Rai@(`g8(Gwn!^0+}lRu*|#z>ecGNli_t1K&leNRDDzbvAYX0c<MexuTw2V+0q@WI$1z`WwWuX;I0q`nKZJR9H87#smPwL|8vh"
    "b&X)p`;JT4g4YR5>5)@9h-"
    "7mL9acG&$u(8jfLJ0beO2z<kVegy1uZRQJ@BhRnunn8)!&sKti~xg>UQY7C2oUS&xO`Pq@{nPRM$rs)!CfwCokBxqB?1#lgNk?t6OWVZbyl3gSR>l"
    "xh1ltU3rvIsm?GlS?dM)51N*>IN(z3Ufgy=D=o&(9v&XfZT#5Q@#E&+?c*9u14HX&+t?#u4XaG!BCKjgMHf2-{ANNG0U7%l_CIa+r*r8}yE9mG-"
    "L+2lYNtKvbSB-=t2FQaDjtBNG*WZjeKV%duIU7u;>CQ$;CU6#XQQG;W;8k3!gW4N5P~Ny-"
    "}S=|AB4kU#~q7Nhr2wO1|pmWfj<(1=^${0Xpee&(FPJnFrT#OsPu_lcfEr`OAnkYQ5eZdi|@>3mS?-"
    "IC#$!!3r=nSS|NC{4(&ay=Wms$aphvtf(>nu4Yj0*DZjQ1()CuL>GS4X%_q~5Xt%o~-yQe+{jfXWW1kQGk?RkJ-FBzn^Sk}dc+d_t>RD8*sok`}>L"
    "v&N^K(?$B5b`Nb|<ZIXWVU%`X^65U(AJUOx>WPkd_a^Y}wvIypnq8YL>T@3|er^N$Ux`JyAI)63|1W$I4d`a+NL&fR;VZp0mFv+y`ww%pPGacA7oL"
    "R#}_%*hv58@FY9SE?_2OP!szr?my$E9QGyvr*Yqh`vmT<14jArZ_NDmaL<Z)Cp&r<_eT~-"
    "^Ey$#wa%L7gZ8;<pN}7VK5CzieLixw!t>ql(DnX}U%#iXGe7$5m+|+f8$ZmSI{CXFd~oLN$A9&}&maB6jjw&_`9FT~mEWHkd^7%Oy8YW5?{EHC-"
    "uu>jXYR6;+;!}}rvYb{2Mb%d%Y3e^+{{{iA^kzl;Lxsn7e3U)O$&ed&O1+i2>40^|BB}6^G}m@nAOv%2Hxe`&8O)5pYUm(q5"
)
# the same as PMML.
CATBOOST_PMML: Final = _unpacked(
    "c-rk)O>>(_5WVYHOmWCfg5gU@v7C*S&F;ZUQfp;vYcH-5G-"
    "xWoP&0#U|NCt~LKw@E;%ritt@S}3n4bQ4uls>?@#a2D$p)n2BA*#_WElkVP((aWX2$2``(a?bxg1=4S}d;jX70!_2p-"
    "JU%vft(OilCd?rs!i$w<h=tc-"
    "{5?apR;ulOUoJEu0YEsL6eEv|3EHDqkabER1xf`Q?F2Nr?E#oMAtdB`+|B{|DrX3Uws5<+QXpU!Vw6Q0LnIw1Hr7g@&jl&t6~vY8)^$2OfnU^B|XI"
    "D{w;!&Lx&?1vP<3f%h8mBi5NDbXxZ=7x^!5w+@#x20YSIVJ4NT8ct!$g5Pp-"
    "d+6i!14(0hZ<Nm3PtuR(XZ=MH)WPF`7kBBY>9*vm;%zc9+9xl@^;PCdKw2{Sx&H`6VLM^$7hoj8?OSo^2d&4d+y5d?1^thwd;iIq1xn~g0C6+pRZY"
    "-Kt%q4&6G^+iDL!cVDM3|L3T{9N}fh!g^7L6zvSXBC#3>eZ!JYZlnhD4v04*XCc?g|avvBbGO^?tAVFDiX<N2Gq;zOIOWT^-"
    "_S6afzA*RugA23e?;X?Z9S<x15RdJR_Z%>bhRzt6E+yPz--"
    "$v$6nHBXx#oE(N@b7;&6oAvI2BCSnLOu$e!C0%<t_>dQB!Eg2h)%Ui4B}~ogk{%4EaGftSF?oKb1x#%2f)r1M>;Q3!dZjE<^+=iOam+`A|C#Q>GM;"
    "w*zIgw#@{#m(TE1DwaSKpP|!D6aV=m^y`n<=O5|f-8rL~OrT-"
    "N>=kzdNd~!Y#3U<I&5IOjm==IT9?guby1+@|H8xv&!f{7SfM0V3Sp|DF4YCCDDAp1Z2}=EBIQKF8Sn8tG?c&=ywRLuy2~}o&3al>fOXQ<Lz2>Zeyd"
    "tRr@L3{A#&MA+f3mcM8!fBxe83zbW|+i$jpAq!g-"
    ";w@Gl{T(<Vy1pN0wK^byIEq++(w2?YxosKJ<S;%C?l^b1@V$nu{{m_+Igd<JQdXnb~6u(cx@ncy+Vz4BO~atqaI3iK}dT+78IMkTU~Y0!`!+pPKk0"
    "QMChRGor?$xIQ)mhOM`}eiGC<Bc^parsXy0R8hOZy*Bs|qdS4?Q~dP$S-4%qc21r+qX(0J0<_yH*q*qQj(vCBKkI$px}9#_ZZCFltlIW}D-"
    "PAgRziAWLeCQu`oEa`*TsbTFA)=ZhM0KItBF0KV~@I%D)^&p#y?P09LE`3o^R1{FNw*EG{tsLYKjwB&KQdh`ejr4BSpmuP)h^XJFbdfD=%jEt!Cf;"
    "CxmGCN)Ga*A}Ra|8R~g;z&QS5|L@4of$4tPo8k+<8XcH%DTF@QWwa$&<JOU8+AGb8PCDF3RvRZ~se+^Za%P__YsFOU3VTu^DlixI4<dT2Z1uhONI;"
    "cy^;~M|>0nzYvG>;Rzv@?+%fUaHLhi!"
)
# openvino 2026.4, one layer.
OPENVINO: Final = _unpacked(
    "c-qZYQE%EX5PmMd!t!&eu@gck8Tv43(xkCgOxtVZHkU0@5=XI9(f#__P7Em!2348%#QDzm-"
    "F@F3iuv8T$k8*@DwE|L)0+vtTa0)K8kM4eIWBN7O7UWJ#dGmuJjUuwlqGXK!CivDNWWCZco4O5XsCM#vQnTOib+m{7D)XP_A<SWFoGNkD0STCrvbx"
    "=v{z-Lt42HfidVAMzGhX!Q`TaCdawz$31z!zFPkb^v7nsTpPnb`c{s6%Z6UI)#EE0K!;^ZRA7!buFx>|6lPpXhN<reeyWmmYJ6x%u-"
    "$@Z&qW~kBrY6O4RM~Ii4x%&FFpxuxTTk#-"
    "4cNX0J>rJ+aq0;uos~kH@PSd+I?l>ec5Ml*>+G@7&{a&pi*2%dRVJH!(g)yKc~Pad@B>4k`zv~(p#**?OQDxd9*2G;?fK|LbS+9%Nd>Vm!w|Uw-"
    "19wdeB=yKcbK017rcmgf1MLMxBEBGDfDw%LEgkuKcy9X`93tG_tE=eOZ<-FOuabYWU33Xjw7#+bu7htSEAeg8jE$NT({)E)y;pOR-"
    "l?($FoZb8Ev<$E40}&d*0tP)FQ?Q`}=1~Zpn0(eP(b-enR`+uog;dS&UuO_27;c%$>CKp}-"
    "wB0dg3C4g;{00N5)4I@AFj1PERMus%R|QU~F12h)=Pro#ZyJ^&|v9{q1Mw??;f_Z5^sK7YMOtESXhVLlwsB5zE9O;~gj-"
    "q0~)A8y$g7!3psXKXqf*XBVa6ewcvkkFUfRN%zCNf)C(TeJ4`"
)
# lightgbm 4.7, two trees.
LIGHTGBM: Final = _unpacked(
    "c-"
    "n=NOK#&Z42JhQg)U%0B=rp7)m&kA#lTQwCDBxo1KY{8bNZ2!v}yXlXho6qFY5o~d5n>r;y9(Dv?s;Nao??Tn5Gua@m%ZOA&y;|;~3_p3s?@1F?Xr-"
    "@wt_3AD+8S4D)e}UFx4(WW(d{xSrD~wvVZV@r6%myB|`&0`}Ti!ah#zk0BrTrIY*`z-xeSjj3#gseNcrpubyg1;YK}4-"
    "E)f;Voe2k*D;x>XWiu8Di{b&DBwt8|4^IwS<?ehPkGvLr(MS9p3iakV>m0n|EWJc0=x45c0CXNr_r|9UIcDkL$Gf*Uc}7ScP-k%-"
    "wpI>K6^LF>QBm+oc#b-6`Z_Y#S-ap>obyX#oixI4*@m&>A#)McSjXT3tT+6Bngc3#Ifjghr)NI;*%6N}p2-J!n$uddzw_mbpdb;8-"
    "dZU<vtlHcDwM+zMBHFZ?ZcQK%-"
    "QsmrOvFfR7&##EldHrA(bwHDr6OW#||@606>2FY>|)*3Rg0sUXMdBu$C{v~`Q!0#9U|3rZ|^Z^7IhhVCCjwD#?se%A+ov~h4K8C8Z{EI$w#|CTN8%"
    "roF1MuF$!p3`Lt(Mw2a^87P0*JgtB@H>dD8I+$D=iN61+cRfp1i&d@&!F736N_+l8pXLk|TZtvuakHvGjb{@Z~3(7(0a0hiPFMx5Jp$A+O3YXZ8=?"
    "y+m*"
)
# lightgbm 4.7, a split by categories.
LIGHTGBM_CATEGORIES: Final = _unpacked(
    "c-m!BORnP}5ZrSLE?`6hwy`BvbA{PGJt1O~gc*V(z?r-"
    "`{j~FWQ8cWYrn<VSo0`2R7oSU5lDR07){~v0E5*PquJ~@xKHE@zc6CDmiEihk4QcjQ!^z2A?cTe(W^coMHG(X=Uw*3L;>|83m%nHUhtm?~5y%sm+{"
    "qX7V~Oi2Sxz4TJOl9!3~9d<^U(+<hPR_fVEU7OG{EF2K4}9ZjB-"
    ">XAH~>`oA46;Vi(o5g#5%iirqX#?=F~@ceAddqjHX+K3y0=`6F|10S!wAq5~>f+ln5114w_&z8sf08%{aX{Ov$TW<P~(rnY{ay#Xpn^!sY3W55zXu"
    "_TAX@tJ4@Z6qSx-d<c>Q7DsID6MtRdk|7+sjv-50a^$Ry6c7xI!XV-"
    "@%~Qp$8YpTv7x<5Qhldo53Qz(srHsrVt`gEg>IR8hp7k4w5+Kb!6|5T5EA}@<l?tR!FksMmWvJxhZo?{eP9D^nNscR<<6)$6@uXC?GEp=%K`U+U2d"
    "t@XchJ>HiqO~#@&@;4(Yc$;5-Q-KFxI5({0a%kh4RYvTf5JmK-J*$F#;s{sBUI;G_"
)
